"use strict";

const { redirect, send } = require("stand-in");

const escape = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

function signInPage(apiUrl) {
    return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Sprocket (stand-in)</title></head>
<body>
<h1>Sprocket</h1>
<p>This page stands in for the real one.</p>
<a href="${escape(apiUrl)}/login">Sign in with Discord</a>
</body>
</html>
`;
}

/** The start page leads to sign-in, as it does for a visitor without a session. */
function pages({ client }) {
    const page = signInPage(`http${client.secure ? "s" : ""}://${client.gqlUrl}`);
    return (request, response, url) => {
        if (request.method !== "GET" && request.method !== "HEAD") return false;
        if (url.pathname === "/") redirect(response, "/auth/login");
        else if (url.pathname === "/auth/login") send(response, 200, page);
        else return false;
        return true;
    };
}

module.exports = { pages };
