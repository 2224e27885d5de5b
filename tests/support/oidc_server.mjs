// The OpenID provider of the tests: the certified oidc-provider with the paths, tokens and clients of a Keycloak realm.
//
//   node oidc_server.mjs FOLDER_WITH_NODE_MODULES PORT
//
// POST /control changes it while it runs: {"user": {...}} who logs in next, {"rotate": "keep" | "withdraw"} a new
// signing key with or without the old one, {"deny": true} the user says no.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [programs, port] = process.argv.slice(2);
const library = (...names) => import(pathToFileURL(path.join(programs, 'node_modules', 'oidc-provider', 'lib', ...names)));
const { default: Provider } = await library('index.js');
const { default: Memory } = await library('adapters', 'memory_adapter.js');

const REALM = '/realms/vcc';
const AUDIENCE = 'clara-training-system';
const RESOURCE = 'urn:clara:training';
const OPENID = '/protocol/openid-connect';
const issuer = `http://127.0.0.1:${port}${REALM}`;

const state = {
  users: new Map(),
  user: { sub: 'anna', email: 'anna@stadt.example', roles: ['trainer'] },
  deny: false,
  lifetime: 300,
};

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

const claimsOf = (sub) => state.users.get(sub) ?? { sub };

const configuration = {
  // logins outlive a change of keys, for which the provider is built anew
  adapter: (model) => new Memory(model),
  clients: [{
    client_id: 'clara-cli',
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback'],
  }],
  cookies: { keys: ['of the tests'] },
  claims: { openid: ['sub'], email: ['email'], profile: ['name'] },
  scopes: ['openid', 'email', 'profile'],
  pkce: { required: () => true },
  ttl: {
    AccessToken: () => state.lifetime, RefreshToken: 1800, DeviceCode: 600, Session: 3600, Interaction: 600, Grant: 3600,
    AuthorizationCode: 60, IdToken: 300,
  },
  routes: {
    authorization: `${OPENID}/auth`,
    device_authorization: `${OPENID}/auth/device`,
    token: `${OPENID}/token`,
    jwks: `${OPENID}/certs`,
    userinfo: `${OPENID}/userinfo`,
    end_session: `${OPENID}/logout`,
    revocation: `${OPENID}/revoke`,
    introspection: `${OPENID}/token/introspect`,
    code_verification: '/device',
  },
  interactions: { url: (_ctx, interaction) => `${REALM}/interaction/${interaction.uid}` },
  // Keycloak ends a session, refresh tokens and all, when one of them comes twice
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  findAccount: async (_ctx, sub) => ({ accountId: sub, claims: async () => claimsOf(sub) }),
  // what Keycloak's mappers put into every access token
  extraTokenClaims: async (_ctx, token) => {
    const { email, roles } = claimsOf(token.accountId);
    return { typ: 'Bearer', email, realm_access: { roles } };
  },
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    userinfo: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => RESOURCE,
      useGrantedResource: async () => true,
      getResourceServerInfo: async () => ({
        scope: 'openid email profile', audience: AUDIENCE, accessTokenFormat: 'jwt',
        accessTokenTTL: state.lifetime, jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
};

let keys = [newKey()];
let provider = build();

function build() {
  const made = new Provider(issuer, { ...configuration, jwks: { keys } });
  made.on('server_error', (_ctx, error) => process.stderr.write(`${error.stack}\n`));
  return made;
}

async function interact(request, response) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  if (state.deny) {
    await provider.interactionFinished(request, response, { error: 'access_denied' });
    return;
  }
  const { user } = state;
  state.users.set(user.sub, user);
  const result = { login: { accountId: user.sub } };
  if (prompt.name === 'consent') {
    const grant = new provider.Grant({ accountId: user.sub, clientId: params.client_id });
    grant.addOIDCScope('openid email profile');
    grant.addResourceScope(RESOURCE, 'openid email profile');
    result.consent = { grantId: await grant.save() };
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

async function control(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { rotate, user, ...others } = JSON.parse(Buffer.concat(chunks).toString());
  Object.assign(state, others);
  if (user) {
    state.user = user;
    state.users.set(user.sub, user);
  }
  if (rotate) {
    keys = rotate === 'keep' ? [newKey(), ...keys] : [newKey()];
    provider = build();
  }
  response.writeHead(204).end();
}

createServer(async (request, response) => {
  try {
    if (request.url === '/control') return await control(request, response);
    if (!request.url.startsWith(`${REALM}/`)) return response.writeHead(404).end();
    request.originalUrl = request.url;
    request.url = request.url.slice(REALM.length);
    if (request.url.startsWith('/interaction/')) return await interact(request, response);
    return provider.callback()(request, response);
  } catch (error) {
    process.stderr.write(`${error.stack}\n`);
    return response.writeHead(500).end();
  }
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
