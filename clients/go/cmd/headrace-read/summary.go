package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// summary tells each column in a line.
type summary struct {
	out     io.Writer
	rows    int64
	columns []column
}

type column struct {
	field       arrow.Field
	nulls       int64
	count       int64 // values that are numbers, NaN left out
	sum         float64
	least, most float64
}

func (s *summary) begin(schema *arrow.Schema) error {
	for _, field := range schema.Fields() {
		s.columns = append(s.columns, column{field: field, least: math.Inf(1), most: math.Inf(-1)})
	}
	return nil
}

func (s *summary) add(batch arrow.RecordBatch) error {
	s.rows += batch.NumRows()
	for i := range s.columns {
		s.columns[i].add(batch.Column(i))
	}
	return nil
}

func (c *column) add(values arrow.Array) {
	c.nulls += int64(values.NullN())
	number := numberOf(values)
	if number == nil {
		return
	}
	for row := range values.Len() {
		value := number(row)
		if values.IsNull(row) || math.IsNaN(value) {
			continue
		}
		c.count++
		c.sum += value
		c.least = math.Min(c.least, value)
		c.most = math.Max(c.most, value)
	}
}

// numberOf reads a column's values as doubles; nil where they are no numbers.
func numberOf(values arrow.Array) func(row int) float64 {
	switch typed := values.(type) {
	case *array.Float64:
		return typed.Value
	case *array.Float32:
		return func(row int) float64 { return float64(typed.Value(row)) }
	case *array.Int64:
		return func(row int) float64 { return float64(typed.Value(row)) }
	case *array.Int32:
		return func(row int) float64 { return float64(typed.Value(row)) }
	case *array.Int16:
		return func(row int) float64 { return float64(typed.Value(row)) }
	case *array.Int8:
		return func(row int) float64 { return float64(typed.Value(row)) }
	case *array.Uint64:
		return func(row int) float64 { return float64(typed.Value(row)) }
	case *array.Uint32:
		return func(row int) float64 { return float64(typed.Value(row)) }
	case *array.Uint16:
		return func(row int) float64 { return float64(typed.Value(row)) }
	case *array.Uint8:
		return func(row int) float64 { return float64(typed.Value(row)) }
	}
	return nil
}

func (s *summary) close() error {
	if s.columns == nil {
		return nil // nothing came
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "column\ttype\tnulls\tleast\tgreatest\tmean")
	for _, c := range s.columns {
		fmt.Fprintf(table, "%s\t%s\t%d", c.field.Name, c.field.Type, c.nulls)
		if c.count > 0 {
			fmt.Fprintf(table, "\t%g\t%g\t%g", c.least, c.most, c.sum/float64(c.count))
		}
		fmt.Fprintln(table)
	}
	fmt.Fprintf(table, "%d rows\n", s.rows)
	return table.Flush()
}
