// To be imported first. Where the system's language is POSIX, browsers name one that Intl refuses
// ("en-US@posix"), and uPlot asks Intl for it when it is loaded: nothing at all would be shown.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US" });
}

export {};
