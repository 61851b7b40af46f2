// node-oidc-provider (npm: oidc-provider) as a provider of tokens on loopback, for tests/oauth/oidc.py.
// usage: node oidc.mjs FOLDER SECONDS: FOLDER has node_modules, an access token is good for SECONDS. Prints its port.
//
// Its rules are its own, but for these: whoever comes is me@example.net and consents, a refresh token is good once, and introspection
// is for the relay.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { Provider } = await import(pathToFileURL(join(process.argv[2], 'node_modules/oidc-provider/lib/index.js')));
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const native = {
  application_type: 'native', redirect_uris: ['http://127.0.0.1'], response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token', DEVICE],
};
const lasts = Number(process.argv[3] ?? 3600);

const configuration = {
  clients: [
    { client_id: 'unattended', client_secret: 's3cret~+ %&="', grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
      token_endpoint_auth_method: 'client_secret_post' },
    { ...native, client_id: 'desktop', client_secret: 'not really secret', token_endpoint_auth_method: 'client_secret_post' },
    { ...native, client_id: 'public', token_endpoint_auth_method: 'none' },
    { client_id: 'relay', client_secret: 'relay', grant_types: [], redirect_uris: [], response_types: [], token_endpoint_auth_method: 'client_secret_post' },
  ],
  scopes: ['openid', 'offline_access', 'mail'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (_ctx, client) => client.clientId === 'relay' },
    revocation: { enabled: true },
  },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  rotateRefreshToken: true,
  ttl: { AccessToken: lasts, ClientCredentials: lasts, DeviceCode: 600, AuthorizationCode: 60, Grant: 86400, Session: 86400, Interaction: 600, IdToken: 600,
    RefreshToken: 86400 },
  cookies: { keys: ['of a test'] },
};

let provider, answer;

async function interaction(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login')
    return provider.interactionFinished(request, response, { login: { accountId: 'me@example.net' } });
  const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope ?? '');
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

const server = createServer((request, response) => {
  if (request.url.startsWith('/interaction/'))
    interaction(request, response).catch((error) => { response.statusCode = 500; response.end(String(error)); });
  else
    answer(request, response);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  provider = new Provider(`http://127.0.0.1:${port}`, configuration);
  for (const event of ['server_error', 'grant.error', 'authorization.error', 'introspection.error', 'revocation.error', 'device_authorization.error'])
    provider.on(event, (ctx, error) => console.error(`${event}: ${error.error ?? ''} ${error.error_description ?? error} ${error.error_detail ?? ''}`));
  for (const event of ['grant.success', 'grant.revoked'])
    provider.on(event, (ctx) => console.error(`${event}: ${ctx?.oidc?.params?.grant_type ?? ''}`));
  answer = provider.callback();
  console.log(port);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));   // with whoever has started it
