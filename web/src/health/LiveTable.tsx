import type { LiveFigures } from "../server/tables";
import { Empty } from "../shell/States";
import { liveRows, unlisted } from "./liveRows";

const COLUMNS = ["Policy", "Rate", "Queued", "Skipped"];

/** Each subscription on a line, those that do not keep up first. */
export function LiveTable({ live }: { live: LiveFigures }) {
  if (live.slowest.length === 0) {
    return (
      <Empty title="Nobody follows a live window">
        <p className="quiet">Charts of live windows and other clients of /v1/live are listed here.</p>
      </Empty>
    );
  }
  const rest = unlisted(live);
  return (
    <div className="wide">
      <table className="followers" aria-label="Subscriptions">
        <thead>
          <tr>
            <th scope="col">Client</th>
            <th scope="col">Source</th>
            {COLUMNS.map((name) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {liveRows(live.slowest).map((row) => (
            <tr key={row.key}>
              <th scope="row">
                {row.peer}
                <small>{row.id}</small>
                {row.isSlow && <em className="bad">slow</em>}
              </th>
              <td data-name="Source">{row.table}</td>
              <td data-name="Policy">{row.policy}</td>
              <td data-name="Rate">{row.rate}</td>
              <td data-name="Queued">{row.queued}</td>
              <td data-name="Skipped" className={row.hasSkipped ? "bad" : "quiet"}>
                {row.skipped}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rest !== "" && <p className="quiet">{rest}</p>}
    </div>
  );
}
