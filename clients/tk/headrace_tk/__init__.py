"""A window on a Headrace server with Tkinter: any table by pages, and a live window as it moves."""
