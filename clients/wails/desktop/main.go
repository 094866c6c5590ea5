//go:build desktop

// Command headrace-window shows the tables and live windows of a Headrace server in a window of its
// own. It is built with -tags desktop,production,webkit2_41 once the page of frontend/ is built.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"io/fs"
	"os"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/runtime"

	"headrace/clients/go"
	"headrace/clients/wails"
)

//go:embed all:dist
var dist embed.FS

func main() {
	address := flag.String("url", headrace.DefaultURL, "the server")
	flag.Parse()
	if err := run(*address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address string) error {
	var shown context.Context
	app, err := window.NewApp(address, func(event string, data ...any) {
		runtime.EventsEmit(shown, event, data...)
	})
	if err != nil {
		return err
	}
	page, err := fs.Sub(dist, "dist")
	if err != nil {
		return err
	}
	return wails.Run(&options.App{
		Title:       "Headrace",
		Width:       1100,
		Height:      760,
		MinWidth:    480,
		MinHeight:   420,
		AssetServer: &assetserver.Options{Assets: page},
		OnStartup: func(ctx context.Context) {
			shown = ctx
			app.Startup(ctx)
		},
		OnShutdown: app.Shutdown,
		Bind:       []any{app},
	})
}
