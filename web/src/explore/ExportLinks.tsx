import { formatCount } from "../format/number";
import { readUrl } from "../server/query";
import { orderText, SORTED_ROWS, type Sort } from "./rowPages";

interface ExportLinksProps {
  table: string;
  filter: string;
  sort: Sort | null;
}

const FORMATS = [
  { format: "parquet", name: "Parquet" },
  { format: "csv", name: "CSV" },
  { format: "arrow", name: "Arrow" },
];

/** What is shown as a file: the browser fetches it straight from the server. */
export function ExportLinks({ table, filter, sort }: ExportLinksProps) {
  const order = sort === null ? {} : { order_by: orderText(sort), limit: SORTED_ROWS };
  const cut = sort === null ? undefined : `At most the first ${formatCount(SORTED_ROWS)} rows of the order`;
  return (
    <div className="export" role="group" aria-label="Export" title={cut}>
      <span className="label">Export</span>
      <div>
        {FORMATS.map(({ format, name }) => (
          <a key={format} className="button" href={readUrl(table, { filter, ...order, format })} download>
            {name}
          </a>
        ))}
      </div>
    </div>
  );
}
