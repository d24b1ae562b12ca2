/**
 * /docs: the API document as a page (Swagger UI), served from this process alone.
 *
 * The only pages this host has, so the only place where Helmet runs in full. The policy allows scripts and styles of
 * this origin and nothing from elsewhere. Where the host has tokens a page needs one as well, which a browser's address
 * bar cannot send: read /openapi.json with a client there.
 */

import { fastifyHelmet } from '@fastify/helmet';
import { fastifySwaggerUi } from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { toHostError } from '../errors.ts';
import { type Door, exchangeBeside, writeProblem } from './exchange.ts';
import { requireReader } from './ops-routes.ts';

const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    // Swagger UI puts style attributes into markup it inserts; style elements stay forbidden.
    styleSrcAttr: ["'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    fontSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
};

/**
 * Swagger UI insists on the plugin that builds documents from route schemas, to call `fastify.swagger()` on. Ours are
 * composed from live adapters, so a plugin of that name gives it the live document. JSON is YAML 1.2 as well.
 */
function documentSource(openApi: () => object): FastifyPluginAsync {
  const plugin: FastifyPluginAsync = async (app) => {
    app.decorate('swagger', (options?: { readonly yaml?: boolean }) =>
      options?.yaml === true ? JSON.stringify(openApi(), null, 2) : openApi(),
    );
  };
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('plugin-meta')]: { name: '@fastify/swagger' },
  });
}

/** Registers the pages in a scope of their own, so that their hooks touch no other route. */
export async function registerDocs(app: FastifyInstance, door: Door, openApi: () => object): Promise<void> {
  await app.register(async (scope) => {
    scope.addHook('onRequest', async (request, reply) => {
      try {
        requireReader(door, { headers: request.raw.headers });
        reply.header('X-Request-Id', request.id);
      } catch (error) {
        writeProblem(door, exchangeBeside(request, reply), toHostError(error), { isCall: false });
      }
    });
    // Strict-Transport-Security means nothing over plain HTTP: who terminates TLS sets it.
    await scope.register(fastifyHelmet, {
      contentSecurityPolicy: CONTENT_SECURITY_POLICY,
      strictTransportSecurity: false,
    });
    await scope.register(documentSource(openApi));
    await scope.register(fastifySwaggerUi, { routePrefix: '/docs', theme: { title: 'Hotcell' } });
  });
}
