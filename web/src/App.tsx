import { ChartView } from "./chart/ChartView";
import { ExploreView } from "./explore/ExploreView";
import { HealthView } from "./health/HealthView";
import { useRoute } from "./shell/route";
import { useTheme } from "./shell/theme";
import { TopBar } from "./shell/TopBar";
import { listTables } from "./server/tables";
import { usePoll } from "./server/usePoll";
import { SourcesView } from "./sources/SourcesView";

const TABLES_MS = 2000;

export function App() {
  const route = useRoute();
  const { theme, toggle } = useTheme();
  const tables = usePoll(listTables, TABLES_MS);
  return (
    <>
      <TopBar route={route} theme={theme} onToggleTheme={toggle} isDown={tables.error !== null} />
      <main className={`view view-${route.view}`}>
        {route.view === "sources" && <SourcesView tables={tables} selected={route.table} />}
        {route.view === "explore" && <ExploreView tables={tables} route={route} />}
        {route.view === "chart" && <ChartView tables={tables} route={route} theme={theme} />}
        {route.view === "health" && <HealthView />}
      </main>
    </>
  );
}
