/** The page to which an authorization server redirects the window of the login (RFC 6749 §4.1). */
export const REDIRECT_PAGE = {
  html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Authorization</title>
<link rel="icon" href="data:,">
</head>
<body>
<p>The page that asked for this authorization is out of reach. Close this window, and authorize from there again.</p>
<script src="oauth2-redirect.js"></script>
</body>
</html>
`,
  policy: [
    "default-src 'none'",
    "script-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};

/**
 * Passes the response to Swagger UI, which left its callbacks on its own window.
 *
 * The script of the package is missing from some versions, and accepts a response whose state is not that of the
 * request (RFC 6749 §10.12).
 */
export const REDIRECT_SCRIPT = `'use strict';
const request = window.opener?.swaggerUIRedirectOauth2;
if (request) {
  const { auth, state, redirectUrl, callback, errCb } = request;
  const answer = Object.fromEntries(new URLSearchParams(location.hash.slice(1) || location.search));
  const refuse = (message) => errCb({ authId: auth.name, source: 'auth', level: 'error', message });
  if (answer.state !== state) refuse('The response belongs to another request: its state differs.');
  else if (answer.error) refuse([answer.error, answer.error_description].filter(Boolean).join(': '));
  else if (answer.code) callback({ auth: Object.assign(auth, { code: answer.code }), redirectUrl });
  else callback({ auth, token: answer, isValid: true, redirectUrl });
  window.close();
}
`;
