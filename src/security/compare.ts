/** Whether two secrets are equal, in time that reveals neither where they differ nor how long they are. */
export async function compareSecrets(one: string | Uint8Array, other: string | Uint8Array): Promise<boolean> {
  const [first, second] = await Promise.all([digest(one), digest(other)]);
  let difference = 0;
  for (let index = 0; index < first.length; index++) difference |= (first[index] as number) ^ (second[index] as number);
  return difference === 0;
}

async function digest(secret: string | Uint8Array): Promise<Uint8Array> {
  const bytes = new Uint8Array(typeof secret === 'string' ? new TextEncoder().encode(secret) : secret);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
