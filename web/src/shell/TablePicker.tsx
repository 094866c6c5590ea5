import type { TableInfo } from "../server/tables";
import { kindName } from "../server/tables";
import { hrefOf, navigate, type View } from "./route";

interface TablePickerProps {
  tables: readonly TableInfo[];
  selected: string;
  view: View;
}

export function TablePicker({ tables, selected, view }: TablePickerProps) {
  return (
    <label className="field">
      <span>Table</span>
      <select value={selected} onChange={(event) => navigate(hrefOf(view, event.target.value))}>
        {tables.map((table) => (
          <option key={table.full_name} value={table.full_name}>
            {table.name} ({kindName(table.kind)})
          </option>
        ))}
      </select>
    </label>
  );
}
