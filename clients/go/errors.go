package headrace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// ErrTruncated tells that an answer ended before its rows did: the server failed after it had
// begun, or the connection broke. What came before is right as far as it goes.
var ErrTruncated = errors.New("headrace: the answer broke off before its end")

// Error is what the server says of something that it refused. Code does not change from release
// to release; Message is for people.
type Error struct {
	Status   int // of HTTP; 0 for what was refused over a WebSocket
	Code     string
	Message  string
	Location []string // where in the request, from the outside in
}

func (e *Error) Error() string { return fmt.Sprintf("headrace: %s (%s)", e.Message, e.Code) }

// maxErrorBytes bounds the body of an error, whoever sent it.
const maxErrorBytes = 1 << 20

// refusal reads the error body that all calls share. What is none of it, such as a proxy's page, is
// told by its status, with the code "unknown".
func refusal(answer *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxErrorBytes))
	var parsed struct{ Error errorFields }
	if json.Unmarshal(body, &parsed) != nil || parsed.Error.Code == "" {
		return &Error{Status: answer.StatusCode, Code: "unknown", Message: answer.Status}
	}
	return parsed.Error.typed(answer.StatusCode)
}

type errorFields struct {
	Code     string
	Message  string
	Location []any
}

func (f errorFields) typed(status int) *Error {
	location := make([]string, len(f.Location))
	for i, part := range f.Location {
		location[i] = fmt.Sprint(part)
	}
	return &Error{Status: status, Code: f.Code, Message: f.Message, Location: location}
}
