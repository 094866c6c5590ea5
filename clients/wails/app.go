// Package window is the Go half of a desktop window on a Headrace server: what its page calls, and
// the events that it gets. Rows go to the page as Arrow streams.
package window

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"headrace/clients/go"
)

// Events that the page gets: rows as base64 of an Arrow stream, and words of how the feed is.
const (
	EventRows  = "headrace:rows"  // stream string
	EventState = "headrace:state" // state string, why string
)

// States of a feed.
const (
	StateLive         = "live"
	StateBegin        = "begin" // rows before are void: the present state follows
	StateReconnecting = "reconnecting"
	StateEnded        = "ended"
)

const (
	maxAnswerBytes = 256 << 20 // an answer of Read, which a page has to hold as a whole
	firstWait      = 250 * time.Millisecond
	longestWait    = 10 * time.Second
)

// ErrTooLarge tells that an answer is more than a page should hold: filter, limit or downsample it.
var ErrTooLarge = errors.New("the answer is too large for a window: filter, limit or downsample it")

// App is bound to the page. Emit sends an event to it; its methods may be called from any goroutine.
type App struct {
	client *headrace.Client
	emit   func(event string, data ...any)

	mutex sync.Mutex
	ctx   context.Context
	stop  context.CancelFunc // of the feed; nil without one
	ended chan struct{}      // closed when the feed has ended
}

// NewApp makes the half of a window on the server at address.
func NewApp(address string, emit func(event string, data ...any)) (*App, error) {
	client, err := headrace.New(address)
	if err != nil {
		return nil, err
	}
	return &App{client: client, emit: emit, ctx: context.Background()}, nil
}

// Startup takes the window's context, whose end is that of all calls.
func (a *App) Startup(ctx context.Context) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.ctx = ctx
}

// Shutdown ends the feed and waits for it.
func (a *App) Shutdown(context.Context) {
	a.Unfollow()
	a.client.Close()
}

// Tables lists what there is.
func (a *App) Tables() ([]headrace.TableInfo, error) { return a.client.Tables(a.context()) }

// Read asks for rows of a table and gives them as base64 of one Arrow stream.
func (a *App) Read(table string, options headrace.Options) (string, error) {
	rows, err := a.client.Table(a.context(), table, options)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var out bytes.Buffer
	writer := ipc.NewWriter(&out, ipc.WithSchema(rows.Schema()))
	for rows.Next() {
		if err := writer.Write(rows.RecordBatch()); err != nil {
			return "", err
		}
		if out.Len() > maxAnswerBytes {
			return "", ErrTooLarge
		}
	}
	if err := errors.Join(rows.Err(), writer.Close()); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// Follow follows a window from now on, in place of the one before; rows and state come as events.
func (a *App) Follow(subscription headrace.Subscription) {
	a.Unfollow()
	a.mutex.Lock()
	defer a.mutex.Unlock()
	ctx, stop := context.WithCancel(a.ctx)
	ended := make(chan struct{})
	a.stop, a.ended = stop, ended
	go func() {
		defer close(ended)
		a.followUntilDone(ctx, subscription)
	}()
}

// Unfollow ends the feed; no event of it comes behind this call.
func (a *App) Unfollow() {
	a.mutex.Lock()
	stop, ended := a.stop, a.ended
	a.stop, a.ended = nil, nil
	a.mutex.Unlock()
	if stop != nil {
		stop()
		<-ended
	}
}

func (a *App) context() context.Context {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.ctx
}

func (a *App) followUntilDone(ctx context.Context, subscription headrace.Subscription) {
	wait := firstWait
	for {
		began, err := a.followOnce(ctx, subscription)
		if ctx.Err() != nil {
			return
		}
		var refused *headrace.Error
		if errors.Is(err, io.EOF) {
			a.emit(EventState, StateEnded, "")
			return
		}
		if errors.As(err, &refused) && refused.Status != 503 {
			a.emit(EventState, StateEnded, refused.Message)
			return
		}
		if began {
			wait = firstWait
		}
		a.emit(EventState, StateReconnecting, err.Error())
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, longestWait)
	}
}

// followOnce follows until the connection or the subscription ends; began: it was taken at all.
func (a *App) followOnce(ctx context.Context, subscription headrace.Subscription) (began bool, err error) {
	live, err := a.client.Live(ctx, subscription)
	if err != nil {
		return false, err
	}
	defer live.Close()
	a.emit(EventState, StateLive, "")
	a.emit(EventState, StateBegin, "")
	for {
		update, err := live.Next(ctx)
		if err != nil {
			return true, err
		}
		if update.Cleared {
			a.emit(EventState, StateBegin, "")
		}
		if update.Batch == nil {
			continue
		}
		text, err := encode(update.Batch)
		update.Batch.Release()
		if err != nil {
			return true, err
		}
		a.emit(EventRows, text)
	}
}

func encode(batch arrow.RecordBatch) (string, error) {
	var out bytes.Buffer
	writer := ipc.NewWriter(&out, ipc.WithSchema(batch.Schema()))
	if err := errors.Join(writer.Write(batch), writer.Close()); err != nil {
		return "", fmt.Errorf("a batch: %w", err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}
