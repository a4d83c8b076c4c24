/** One part of a form. */
export interface Part {
  readonly name: string;
  readonly content: string;
  readonly type?: string;
  readonly filename?: string;
}

/** A form by RFC 7578, written by hand because `FormData` cannot give text fields a type. */
export function multipart(parts: readonly Part[]): { boundary: string; text: string } {
  let boundary = 'part';
  while (parts.some(({ content }) => content.includes(boundary))) boundary += '-of-form';
  const written = parts.map(({ name, type, filename, content }) => {
    const file = filename === undefined ? '' : `; filename="${quoted(filename)}"`;
    const head = `Content-Disposition: form-data; name="${quoted(name)}"${file}`;
    const kind = type === undefined ? '' : `\r\nContent-Type: ${type}`;
    return `--${boundary}\r\n${head}${kind}\r\n\r\n${content}\r\n`;
  });
  return { boundary, text: `${written.join('')}--${boundary}--\r\n` };
}

/** Escapes names as browsers do (WHATWG HTML, section 4.10.21.8). */
function quoted(text: string): string {
  return text.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}
