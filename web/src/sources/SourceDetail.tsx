import { typeWord } from "../format/cell";
import { hrefOf } from "../shell/route";
import type { TableInfo } from "../server/tables";

export function SourceDetail({ table }: { table: TableInfo }) {
  const url = `${location.origin}/v1/tables/${encodeURIComponent(table.full_name)}?format=arrows`;
  return (
    <section className="card source-detail" aria-label={`Schema of ${table.name}`}>
      <header>
        <h2>{table.full_name}</h2>
        <div className="actions">
          <a className="button button-main" href={hrefOf("explore", table.full_name)}>
            Explore
          </a>
          <a className="button" href={hrefOf("chart", table.full_name)}>
            Chart
          </a>
        </div>
      </header>
      {table.schema.length === 0 ? (
        <p className="quiet">It has no column until the first row comes.</p>
      ) : (
        <table className="schema">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Type</th>
              <th scope="col">Arrow</th>
            </tr>
          </thead>
          <tbody>
            {table.schema.map((column) => (
              <tr key={column.name}>
                <th scope="row">{column.name}</th>
                <td>{typeWord(column.type)}</td>
                <td>
                  <code>{column.type}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="quiet">All of it, as Arrow, to any program:</p>
      <pre className="code">{url}</pre>
    </section>
  );
}
