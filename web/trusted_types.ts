/**
 * The page's one Trusted Types policy, `cloche`: it vouches for the addresses of our own workers and nothing else.
 *
 * Does not make HTML: that is DOMPurify's policy, used in parts/markdown.ts only.
 */

interface ScriptUrlPolicy {
  createScriptURL(address: string): string;
}
interface PolicyFactory {
  createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy;
}

const rules: ScriptUrlPolicy = {
  createScriptURL(address) {
    if (new URL(address).origin !== location.origin) throw new TypeError(`Refused to run a script of another origin: ${address}`);
    return address;
  },
};

const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
const policy = factory ? factory.createPolicy('cloche', rules) : rules;

/** The address of one of our own scripts, in the form that Worker and serviceWorker.register accept. */
export function ownScript(address: string): string {
  return policy.createScriptURL(new URL(address, document.baseURI).href);
}
