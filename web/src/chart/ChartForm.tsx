import { FilterBox } from "../explore/FilterBox";
import { TablePicker } from "../shell/TablePicker";
import { isNumeric, isTime, type TableInfo } from "../server/tables";
import type { ChartChoice } from "./chartQuery";

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
      <FilterBox
        columns={table.schema}
        applied={choice.filter}
        error={null}
        onApply={(filter) => onChoose({ filter })}
      />
    </div>
  );
}
