import { formatCount, formatSeconds } from "../format/number";
import type { RouteFigures } from "../server/metrics";

export function RequestTable({ routes }: { routes: readonly RouteFigures[] }) {
  return (
    <section className="card requests" aria-label="Requests">
      <header>
        <h2>Requests</h2>
        <p>by call, since the start</p>
      </header>
      <div className="wide">
        <table>
          <thead>
            <tr>
              <th scope="col">Call</th>
              <th scope="col">Requests</th>
              <th scope="col">Refused</th>
              <th scope="col">Mean time</th>
            </tr>
          </thead>
          <tbody>
            {routes.map(({ method, route, requests, refused, meanSeconds }) => (
              <tr key={`${method} ${route}`}>
                <th scope="row">
                  {method === "" ? <span className="quiet">no such call</span> : <code>{`${method} ${route}`}</code>}
                </th>
                <td>{formatCount(requests)}</td>
                <td className={refused > 0 ? "bad" : "quiet"}>{formatCount(refused)}</td>
                <td>{formatSeconds(meanSeconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
