type Row = readonly string[];

const GAP = '  ';

/** The minimum width of a cell, however narrow the terminal is. */
const NARROWEST = 6;

/**
 * Lays out rows with equally many cells in columns; cells that are too wide to fit are broken into lines.
 *
 * @param rows a string among them is a line of its own
 */
export function table(rows: readonly (Row | string)[], width: number): string {
  const widths = fit(naturalWidths(rows.filter((row) => typeof row !== 'string')), width);
  const lines = rows.flatMap((row) => (typeof row === 'string' ? [row] : linesOf(row, widths)));
  return `${lines.join('\n')}\n`;
}

/** Whether no line of a text is wider than this. */
export function fits(text: string, width: number): boolean {
  return text.split('\n').every((line) => line.length <= width);
}

function naturalWidths(rows: readonly Row[]): number[] {
  return rows.reduce<number[]>(
    (widths, row) => row.map((cell, column) => Math.max(cell.length, widths[column] ?? 0)),
    [],
  );
}

/** Narrows the widest column until the row fits. */
function fit(widths: number[], width: number): number[] {
  const total = (): number => widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length);
  while (total() > width) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return widths;
}

function linesOf(row: Row, widths: readonly number[]): string[] {
  const cells = widths.map((width, column) => ({ width, lines: broken(row[column], width) }));
  const height = Math.max(...cells.map(({ lines }) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map(({ width, lines }) => (lines[line] ?? '').padEnd(width))
      .join(GAP)
      .trimEnd(),
  );
}

/** Breaks at separators of a path, a name or a list, and inside a part only if it has to. */
function broken(text = '', width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of text.split(/(?=[/.])|(?<=[ |+_-])|(?<=[a-z])(?=[A-Z])/)) {
    if (line !== '' && line.length + part.trimEnd().length > width) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += part;
    for (; line.trimEnd().length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return [...lines, line.trimEnd()];
}
