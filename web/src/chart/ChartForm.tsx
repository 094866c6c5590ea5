import { FilterBox } from "../explore/FilterBox";
import { TablePicker } from "../shell/TablePicker";
import { isNumeric, isTime, type TableInfo } from "../server/tables";
import { ROLLING_ROWS, ROLLING_STATS, type ChartChoice } from "./chartQuery";

interface ChartFormProps {
  table: TableInfo;
  tables: readonly TableInfo[];
  choice: ChartChoice;
  onChoose: (changes: Partial<ChartChoice>) => void;
}

export function ChartForm({ table, tables, choice, onChoose }: ChartFormProps) {
  const numbers = table.schema.filter(({ type }) => isNumeric(type));
  const axes = table.schema.filter(({ type }) => isNumeric(type) || isTime(type));
  const toggle = (name: string) => {
    const has = choice.ys.includes(name);
    onChoose({ ys: has ? choice.ys.filter((y) => y !== name) : [...choice.ys, name] });
  };
  return (
    <div className="toolbar">
      <TablePicker tables={tables} selected={table.full_name} view="chart" />
      <label className="field">
        <span>x</span>
        <select value={choice.x} onChange={(event) => onChoose({ x: event.target.value })}>
          {axes.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <fieldset className="field">
        <legend>y</legend>
        <div className="chips">
          {numbers
            .filter(({ name }) => name !== choice.x)
            .map(({ name }) => (
              <label key={name} className="chip">
                <input type="checkbox" checked={choice.ys.includes(name)} onChange={() => toggle(name)} />
                {name}
              </label>
            ))}
        </div>
      </fieldset>
      <label className="field">
        <span>A line for each</span>
        <select value={choice.by} onChange={(event) => onChoose({ by: event.target.value })}>
          <option value="">(one line)</option>
          {table.schema
            .filter(({ name, type }) => name !== choice.x && !isTime(type) && !/^(float|double)/.test(type))
            .map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
        </select>
      </label>
      {table.kind === "buffers" && choice.by === "" && <RollingFields choice={choice} onChoose={onChoose} />}
      <FilterBox
        columns={table.schema}
        applied={choice.filter}
        error={null}
        onApply={(filter) => onChoose({ filter })}
      />
    </div>
  );
}

function RollingFields({ choice, onChoose }: Pick<ChartFormProps, "choice" | "onChoose">) {
  return (
    <>
      <label className="field">
        <span>Rolling</span>
        <select value={choice.stat} onChange={(event) => onChoose({ stat: event.target.value })}>
          <option value="">(none)</option>
          {ROLLING_STATS.map((stat) => (
            <option key={stat}>{stat}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>over rows</span>
        <select
          value={choice.over}
          disabled={choice.stat === ""}
          onChange={(event) => onChoose({ over: Number(event.target.value) })}
        >
          {ROLLING_ROWS.map((rows) => (
            <option key={rows}>{rows}</option>
          ))}
        </select>
      </label>
    </>
  );
}
