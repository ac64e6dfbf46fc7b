// Package session stands before and after the sign-in, inside Traefik, which interprets it (docs/decisions/0030).
//
// Before: a session that is larger than browsers take in one cookie (4096 bytes, RFC 6265, 6.1) goes out in several, and
// comes back as one. Answers of the sign-in that failed become a page. After: the session is taken out of the request, and what the
// request opened ends with it.
package session

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// partSize is how many bytes of a session one cookie holds: with its name and attributes it stays below 4096.
const partSize = 3500

// maxParts bounds what is put together: 250 roles, the most that a Discord server has, are two parts.
const maxParts = 4

// Config is what the dynamic configuration says.
type Config struct {
	// Cookie is the name of the session's cookie.
	Cookie string `json:"cookie,omitempty"`
	// Hide takes the session out of requests and ends what they opened when it ends: for the place after the sign-in. Not at Host, whose
	// page reads it.
	Hide bool `json:"hide,omitempty"`
	// Host is where the sign-in answers; its failures are replaced there, and its cookies divided.
	Host string `json:"host,omitempty"`
	// Domain is what admin pages are below: "Try again" leads nowhere else.
	Domain string `json:"domain,omitempty"`
	// Guild is the id of the Discord server that people must be a member of.
	Guild string `json:"guild,omitempty"`
}

// CreateConfig is called by Traefik.
func CreateConfig() *Config {
	return &Config{}
}

// New is called by Traefik, once for each router.
func New(ctx context.Context, next http.Handler, config *Config, name string) (http.Handler, error) {
	if config.Cookie == "" {
		return nil, fmt.Errorf("%s: cookie is not set", name)
	}
	if !config.Hide && (config.Host == "" || config.Domain == "") {
		return nil, fmt.Errorf("%s: host and domain are not set", name)
	}
	return &session{next: next, config: config}, nil
}

type session struct {
	next   http.Handler
	config *Config
}

func (s *session) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	cookies := strings.Split(strings.Join(req.Header["Cookie"], "; "), ";")
	host := strings.ToLower(strings.Split(req.Host, ":")[0])
	kept := joined(cookies, s.config.Cookie)
	if s.config.Hide && host != s.config.Host {
		ends, found := endOf(kept, s.config.Cookie)
		if !found {
			text := "The session's cookie does not say when it ends: forward-auth writes another form than this plugin reads."
			http.Error(rw, text, http.StatusBadGateway)
			return
		}
		// The sign-in is asked once, and a WebSocket stays open for days. Go's reverse proxy closes the connection to the page then.
		ctx, cancel := context.WithDeadline(req.Context(), ends)
		defer cancel()
		req = req.WithContext(ctx)
		kept = without(cookies, s.config.Cookie)
	}
	if len(kept) == 0 {
		req.Header.Del("Cookie")
	} else {
		req.Header.Set("Cookie", strings.Join(kept, "; "))
	}
	if s.config.Hide || host != s.config.Host {
		// Not wrapped: WebSockets need the connection itself.
		s.next.ServeHTTP(rw, req)
		return
	}
	s.next.ServeHTTP(&answer{rw: rw, asked: req.URL, config: s.config}, req)
}

// joined has the parts of the session as one cookie, in the place of the first.
func joined(cookies []string, name string) []string {
	parts := map[string]string{}
	kept := []string{}
	at := -1
	for _, cookie := range cookies {
		cookie = strings.TrimSpace(cookie)
		key := strings.SplitN(cookie, "=", 2)[0]
		if cookie == "" {
			continue
		}
		if key == name || isPart(key, name) {
			if _, found := parts[key]; found {
				continue
			}
			parts[key] = strings.TrimPrefix(cookie, key+"=")
			if key != name {
				continue
			}
			at = len(kept)
		}
		kept = append(kept, cookie)
	}
	if at < 0 {
		return kept
	}
	value := parts[name]
	// What follows a part that is not full is left from an earlier session.
	for number, last := 2, value; number <= maxParts && len(last) == partSize; number++ {
		last = parts[partName(name, number)]
		value += last
	}
	kept[at] = name + "=" + value
	return kept
}

// endOf is when the session ends, as it says itself: a JSON Web Token, which the sign-in has verified.
func endOf(cookies []string, name string) (time.Time, bool) {
	claims := struct {
		Exp float64 `json:"exp"`
	}{}
	for _, cookie := range cookies {
		parts := strings.Split(cookie, ".")
		if !strings.HasPrefix(cookie, name+"=") || len(parts) != 3 {
			continue
		}
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Exp <= 0 {
			continue
		}
		return time.Unix(int64(claims.Exp), 0), true
	}
	return time.Time{}, false
}

// without has neither the session nor what was set on the way to it.
func without(cookies []string, name string) []string {
	kept := []string{}
	for _, cookie := range cookies {
		cookie = strings.TrimSpace(cookie)
		key := strings.SplitN(cookie, "=", 2)[0]
		if cookie != "" && key != name && !strings.HasPrefix(key, name+"_") {
			kept = append(kept, cookie)
		}
	}
	return kept
}

// divided has the Set-Cookie lines of a session that is too large for one.
func divided(lines []string, name string) []string {
	all := []string{}
	for _, line := range lines {
		halves := strings.SplitN(line, ";", 2)
		value := strings.TrimPrefix(halves[0], name+"=")
		if value == halves[0] || len(halves) < 2 || len(value) < partSize {
			all = append(all, line)
			continue
		}
		// A last part that is not full ends it, though it be empty.
		for number := 1; number <= maxParts; number++ {
			end := partSize
			if len(value) < end {
				end = len(value)
			}
			all = append(all, partName(name, number)+"="+value[:end]+";"+halves[1])
			value = value[end:]
			if end < partSize {
				break
			}
		}
	}
	return all
}

func partName(name string, number int) string {
	if number == 1 {
		return name
	}
	return name + "_" + strconv.Itoa(number)
}

func isPart(key string, name string) bool {
	for number := 2; number <= maxParts; number++ {
		if key == partName(name, number) {
			return true
		}
	}
	return false
}

// answer replaces what the sign-in says of a failure.
type answer struct {
	rw       http.ResponseWriter
	asked    *url.URL
	config   *Config
	begun    bool
	replaced bool
}

func (a *answer) Header() http.Header {
	return a.rw.Header()
}

func (a *answer) Write(body []byte) (int, error) {
	if !a.begun {
		a.WriteHeader(http.StatusOK)
	}
	if a.replaced {
		return len(body), nil
	}
	return a.rw.Write(body)
}

func (a *answer) WriteHeader(status int) {
	if a.begun {
		return
	}
	a.begun = true
	header := a.rw.Header()
	if lines := header["Set-Cookie"]; len(lines) > 0 {
		header["Set-Cookie"] = divided(lines, a.config.Cookie)
	}
	shown, title, text := a.said(status)
	if title == "" {
		a.rw.WriteHeader(status)
		return
	}
	a.replaced = true
	header.Del("Content-Length")
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	if shown == http.StatusServiceUnavailable {
		header.Set("Retry-After", "60")
	}
	a.rw.WriteHeader(shown)
	_, _ = a.rw.Write([]byte(page(title, text, a.wanted())))
}

// said is the status that browsers get, and the words; no title where the answer is none of a failure.
func (a *answer) said(status int) (int, string, string) {
	if a.asked.Query().Get("error") == "access_denied" && status >= 400 {
		return http.StatusForbidden, "You are not signed in", "You chose at Discord not to sign in."
	}
	if status == http.StatusUnauthorized {
		return status, "You are not signed in", "This sign-in took too long, was begun in another browser, or lacks the role."
	}
	if status >= 500 {
		text := "Discord did not say who you are and which roles you hold. It may be down, slow, or refuse more requests: try again in a minute. " +
			"If it stays like this, your account may not be a member of the Discord server " + a.config.Guild + "."
		return http.StatusServiceUnavailable, "Discord, or the sign-in itself, gave no answer that signs you in", text
	}
	return status, "", ""
}

// wanted is the admin page that the sign-in began at, or nothing.
func (a *answer) wanted() string {
	// nonce:provider:address
	parts := strings.SplitN(a.asked.Query().Get("state"), ":", 3)
	if len(parts) < 3 {
		return ""
	}
	address, err := url.Parse(parts[2])
	if err != nil || (address.Scheme != "https" && address.Scheme != "http") {
		return ""
	}
	if !strings.HasSuffix(address.Hostname(), "."+a.config.Domain) {
		return ""
	}
	page := address.Scheme + "://" + address.Host + address.EscapedPath()
	if address.RawQuery != "" {
		page += "?" + address.RawQuery
	}
	return page
}

func page(title string, text string, again string) string {
	link := "<p>Open the page that you wanted again."
	if again != "" {
		link = `<p><a href="` + html.EscapeString(again) + `">Try again</a>`
	}
	return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>` +
		html.EscapeString(title) + `</title><style>body{font:1.1em sans-serif;max-width:36em;margin:4em auto;padding:0 1em}</style><h1>` +
		html.EscapeString(title) + `</h1><p>` + html.EscapeString(text) + link + `</html>`
}
