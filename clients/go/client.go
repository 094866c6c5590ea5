// Package headrace reads the tables and live windows of a Headrace server as Arrow record batches.
package headrace

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// DefaultURL is where a server listens unless it is told otherwise.
const DefaultURL = "http://localhost:14345"

// Client asks one server. Its methods may be called from any goroutine; the context of a call bounds
// the whole of it, rows that are still to come included.
type Client struct {
	base *url.URL
	http *http.Client
}

// New makes a client of the server at address, "http://host:port"; nothing is asked yet.
func New(address string) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil {
		return nil, fmt.Errorf("headrace: %w", err)
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("headrace: the server's address is http://host:port, not %q", address)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// Go would ask for gzip by itself; Options.Codecs packs Arrow's buffers instead.
	transport.DisableCompression = true
	return &Client{base: base, http: &http.Client{Transport: transport}}, nil
}

// Close closes the idle connections; the client stays usable.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// TableInfo is what a server says of a table.
type TableInfo struct {
	Name     string       `json:"name"`
	FullName string       `json:"full_name"` // with the kind in front: "buffers.ticks"
	Kind     string       `json:"kind"`      // buffers, files or tables
	Rows     *int64       `json:"rows"`      // nil where nobody has counted them
	Bytes    *int64       `json:"bytes"`
	Schema   []ColumnInfo `json:"schema"`
}

// ColumnInfo is a column's name and type, in Arrow's words: "timestamp[us]".
type ColumnInfo struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Nullable bool   `json:"nullable"`
}

// Tables lists what there is: live windows, files, and tables that the server holds.
func (c *Client) Tables(ctx context.Context) ([]TableInfo, error) {
	answer, err := c.get(ctx, "/v1/tables", "application/json")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var list struct{ Data []TableInfo }
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		return nil, fmt.Errorf("headrace: the list of tables: %w", err)
	}
	return list.Data, nil
}

// get returns an answer of 200 whose body the caller closes; anything else is an error.
func (c *Client) get(ctx context.Context, path, accept string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.String()+path, nil)
	if err != nil {
		return nil, fmt.Errorf("headrace: %w", err)
	}
	request.Header.Set("Accept", accept)
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("headrace: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, refusal(answer)
	}
	return answer, nil
}
