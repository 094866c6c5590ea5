package headrace

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/coder/websocket"
)

// Subscription says what to follow; docs/live.md has each member. Only Table is needed.
type Subscription struct {
	Table    string         `json:"table"`
	Columns  []string       `json:"columns,omitempty"`
	Features map[string]any `json:"features,omitempty"` // the fields of POST /features
	Filter   string         `json:"filter,omitempty"`
	Tail     *int64         `json:"tail,omitempty"`   // rows of the present state at most; nil is the window
	Rate     float64        `json:"rate,omitempty"`   // messages a second at most; 0 is the server's 30
	Policy   string         `json:"policy,omitempty"` // "latest", or "all": no row is skipped
}

// Update is what came of a window: a batch, or word of rows that did not come.
type Update struct {
	Batch   arrow.RecordBatch // nil for word alone; Release it
	State   bool              // rows that were there before, not changes
	Skipped int64             // so many rows before the next batch were not sent
	Cleared bool              // rows that follow are all there is
}

// Live follows one table. One goroutine reads at a time; while nobody reads, the server's pings are
// not answered, so that it gives the client up after 30 seconds.
type Live struct {
	socket *websocket.Conn
	schema []byte
}

// No message is longer: the server packs about a MiB, and no row is longer than a body may be.
const maxMessageBytes = 64 << 20

const (
	prefixBytes = 8
	schemaFlag  = 1
	stateFlag   = 2
)

// Live subscribes, and returns when the server has said yes. The context bounds that alone.
func (c *Client) Live(ctx context.Context, subscription Subscription) (*Live, error) {
	address := c.base.String() + "/v1/live"
	socket, answer, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPClient: c.http})
	if err != nil {
		if answer != nil && answer.StatusCode != http.StatusSwitchingProtocols && answer.Body != nil {
			return nil, refusal(answer)
		}
		return nil, fmt.Errorf("headrace: %w", err)
	}
	socket.SetReadLimit(maxMessageBytes)
	live := &Live{socket: socket}
	if err := live.subscribe(ctx, subscription); err != nil {
		socket.CloseNow()
		return nil, err
	}
	return live, nil
}

func (l *Live) subscribe(ctx context.Context, subscription Subscription) error {
	request, err := json.Marshal(map[string]any{"subscribe": subscription})
	if err != nil {
		return fmt.Errorf("headrace: %w", err)
	}
	if err := l.socket.Write(ctx, websocket.MessageText, request); err != nil {
		return fmt.Errorf("headrace: %w", err)
	}
	_, answer, err := l.socket.Read(ctx)
	if err != nil {
		return fmt.Errorf("headrace: %w", err)
	}
	_, _, err = control(answer)
	return err
}

// Next waits for the next update. io.EOF: a table that is sent once has come to its end. An *Error
// has the code "dropped" if the window was dropped; a websocket.CloseError or ErrTruncated tells that
// the connection was ended, or broke. A context that ends, ends the subscription.
func (l *Live) Next(ctx context.Context) (Update, error) {
	for {
		kind, message, err := l.socket.Read(ctx)
		if err != nil {
			return Update{}, lost(ctx, err)
		}
		if kind == websocket.MessageText {
			if update, tells, err := control(message); tells || err != nil {
				return update, err
			}
			continue
		}
		if len(message) < prefixBytes {
			return Update{}, fmt.Errorf("headrace: a binary message of %d bytes", len(message))
		}
		flags := binary.LittleEndian.Uint32(message[4:])
		if flags&schemaFlag != 0 {
			l.schema = message[prefixBytes:]
			continue
		}
		batch, err := decode(l.schema, message[prefixBytes:])
		return Update{Batch: batch, State: flags&stateFlag != 0}, err
	}
}

// lost tells how a connection ended; that it did is not the end of a table, which io.EOF is.
func lost(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("headrace: %w", cause)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %v", ErrTruncated, err)
	}
	return fmt.Errorf("headrace: %w", err)
}

// Close ends the subscription and the connection.
func (l *Live) Close() error { return l.socket.Close(websocket.StatusNormalClosure, "") }

// control reads a text message; `tells` is whether there is anything in it for a reader of rows.
func control(message []byte) (update Update, tells bool, err error) {
	var said struct {
		Skipped *struct{ Rows int64 }
		Cleared *struct{}
		Closed  *struct {
			Reason  string
			Because *errorFields
		}
		Error *errorFields
	}
	if err := json.Unmarshal(message, &said); err != nil {
		return Update{}, false, fmt.Errorf("headrace: a text message: %w", err)
	}
	switch {
	case said.Error != nil:
		return Update{}, false, said.Error.typed(0)
	case said.Closed != nil && said.Closed.Because != nil:
		return Update{}, false, said.Closed.Because.typed(0)
	case said.Closed != nil && said.Closed.Reason == "end":
		return Update{}, false, io.EOF
	case said.Closed != nil:
		return Update{}, false, &Error{Code: said.Closed.Reason, Message: "the subscription has ended"}
	case said.Skipped != nil:
		return Update{Skipped: said.Skipped.Rows}, true, nil
	case said.Cleared != nil:
		return Update{Cleared: true}, true, nil
	}
	return Update{}, false, nil
}

// decode makes a batch of one message: with the schema before it, it is a whole Arrow stream.
func decode(schema, rows []byte) (arrow.RecordBatch, error) {
	reader, err := ipc.NewReader(io.MultiReader(bytes.NewReader(schema), bytes.NewReader(rows)))
	if err != nil {
		return nil, fmt.Errorf("headrace: %w", err)
	}
	defer reader.Release()
	if !reader.Next() {
		return nil, fmt.Errorf("headrace: a message without a batch: %w", errors.Join(reader.Err(), ErrTruncated))
	}
	batch := reader.RecordBatch()
	batch.Retain()
	return batch, nil
}
