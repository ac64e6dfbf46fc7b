"use strict";

const HMAC_FILE = "secret/chatwoot-hmac-key.txt";

/**
 * Web's own lookup: a variable counts when it is not empty, then node-config, whose defaults lie in
 * /app/clients/web/config and are found only with NODE_CONFIG_DIR. The chat's key is needed only where chat is on.
 */
function webSettings({ env, readFile, config, configFile }) {
    const missing = [];
    const hint = env.NODE_CONFIG_DIR
        ? ""
        : " (NODE_CONFIG_DIR is not set, so the defaults of the image are not read)";
    const read = (variable, key, given = env[variable]) => {
        if (given) return given;
        if (config.has(key)) return config.get(key);
        missing.push(`${key}: looked for variable ${variable}, then key ${key} of ${configFile}${hint}`);
        return undefined;
    };
    // A variable can switch these on, not off.
    const flag = (variable, key) => read(variable, key, env[variable] === "true");
    const chatwoot = {
        enabled: flag("CLIENT_CHATWOOT_ENABLED", "client.chatwoot.enabled"),
        url: read("CLIENT_CHATWOOT_URL", "client.chatwoot.url"),
        websiteToken: read("CLIENT_CHATWOOT_WEBSITE_TOKEN", "client.chatwoot.websiteToken"),
    };
    if (chatwoot.enabled && !env.CHATWOOT_HMAC_KEY && readFile(HMAC_FILE) === undefined) {
        missing.push(`chatwoot's key: looked for variable CHATWOOT_HMAC_KEY, then file /app/${HMAC_FILE}`);
    }
    const gqlUrl = read("CLIENT_GQL_URL", "client.gqlUrl");
    const client = { gqlUrl, secure: flag("CLIENT_SECURE", "client.secure"), chatwoot };
    return { settings: { client }, missing };
}

/** What starts and then does not work in a browser. */
function webProblems({ client }) {
    if (!client.gqlUrl.includes("/")) return [];
    const given = JSON.stringify(client.gqlUrl);
    return [`client.gqlUrl is ${given}; it must be a host without scheme and path, such as api.example.org`];
}

module.exports = { webProblems, webSettings };
