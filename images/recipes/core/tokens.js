"use strict";

const { createHmac, timingSafeEqual } = require("node:crypto");

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const signature = (text, secret) => createHmac("sha256", secret).update(text).digest();

const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31557600 };

/** A lifetime in seconds: numbers are seconds, "15m" is 15 minutes, text without a unit is milliseconds. */
function seconds(value) {
    if (typeof value === "number") return value;
    const [, amount, unit = "ms"] = /^([\d.]+) *(ms|s|m|h|d|w|y)?$/.exec(value) ?? [null, "0"];
    return Number(amount) * SECONDS[unit];
}

/** A JSON web token, signed with HMAC and SHA-256, that ends after `lifetime`. */
function sign(claims, secret, lifetime) {
    const now = Math.floor(Date.now() / 1000);
    const exp = now + Math.floor(seconds(lifetime));
    const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ ...claims, iat: now, exp })}`;
    return `${text}.${signature(text, secret).toString("base64url")}`;
}

/** The claims of a token that is whole, signed with this secret and not over; else null. */
function verify(token, secret) {
    const [head, body, sign64, ...rest] = token.split(".");
    if (!sign64 || rest.length > 0) return null;
    const given = Buffer.from(sign64, "base64url");
    const own = signature(`${head}.${body}`, secret);
    if (given.length !== own.length || !timingSafeEqual(given, own)) return null;
    try {
        const claims = JSON.parse(Buffer.from(body, "base64url").toString());
        return claims.exp > Date.now() / 1000 ? claims : null;
    } catch {
        return null;
    }
}

module.exports = { seconds, sign, verify };
