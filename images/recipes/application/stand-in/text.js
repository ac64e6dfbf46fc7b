"use strict";

/** One line for a human: what went wrong, with the code where it says more; passwords inside URLs are taken out. */
function describe(error) {
    const parts = [];
    if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0]);
    const message = error?.message || String(error);
    if (error?.code && !message.includes(String(error.code))) parts.push(String(error.code));
    parts.push(message);
    return redact(parts.join(": ")).replace(/\s+/g, " ").trim().slice(0, 400);
}

/** The text with `user:password@` of every URL replaced. */
function redact(text) {
    return text.replace(/:\/\/[^/@\s]*@/g, "://***@");
}

/** Host and port of a URL with a default port, for messages. */
function hostOf(url, defaultPort) {
    try {
        const parts = new URL(url);
        return `${parts.hostname}:${parts.port || defaultPort}`;
    } catch {
        return redact(url);
    }
}

module.exports = { describe, hostOf, redact };
