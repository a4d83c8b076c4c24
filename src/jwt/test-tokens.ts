import { type IssuerIdentity, JwtIssuer } from './issuer.ts';
import { loadJose } from './jose.ts';
import { type Signer, readSigner } from './signer.ts';

/** Issues real access tokens in a test, offline, with a key generated for it. */
export function testTokens(identity: IssuerIdentity): JwtIssuer {
  return new JwtIssuer(identity, makeSigner);
}

async function makeSigner(): Promise<Signer> {
  const { generateKeyPair } = await loadJose();
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return readSigner(privateKey, undefined, []);
}
