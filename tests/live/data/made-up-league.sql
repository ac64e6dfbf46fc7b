--
-- PostgreSQL database dump
--

-- Made up: no real league is in it. Names of tables are what core's models map in the schema mledb and what its migrations
-- alter and do not make (tests/recorded/core-f0abc12.yaml); each has an id and nothing else. Its head and foot are pg_dump's.

-- Dumped from database version 15.14
-- Dumped by pg_dump version 15.14

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET client_min_messages = warning;

CREATE SCHEMA history;
CREATE SCHEMA mledb;

CREATE TABLE history.franchise_profile_history (id serial PRIMARY KEY);
CREATE TABLE mledb.channel_map (id serial PRIMARY KEY);
CREATE TABLE mledb.config (id serial PRIMARY KEY);
CREATE TABLE mledb.division (id serial PRIMARY KEY);
CREATE TABLE mledb.draft_order (id serial PRIMARY KEY);
CREATE TABLE mledb.eligibility_data (id serial PRIMARY KEY);
CREATE TABLE mledb.elo_data (id serial PRIMARY KEY);
CREATE TABLE mledb.fixture (id serial PRIMARY KEY);
CREATE TABLE mledb.footers (id serial PRIMARY KEY);
CREATE TABLE mledb.league_branding (id serial PRIMARY KEY);
CREATE TABLE mledb.match (id serial PRIMARY KEY);
CREATE TABLE mledb.player (id serial PRIMARY KEY);
CREATE TABLE mledb.player_account (id serial PRIMARY KEY);
CREATE TABLE mledb.player_history (id serial PRIMARY KEY);
CREATE TABLE mledb.player_stats (id serial PRIMARY KEY);
CREATE TABLE mledb.player_stats_core (id serial PRIMARY KEY);
CREATE TABLE mledb.player_to_org (id serial PRIMARY KEY);
CREATE TABLE mledb.psyonix_api_result (id serial PRIMARY KEY);
CREATE TABLE mledb.salary_cap (id serial PRIMARY KEY);
CREATE TABLE mledb.scrim (id serial PRIMARY KEY);
CREATE TABLE mledb.season (id serial PRIMARY KEY);
CREATE TABLE mledb.series (id serial PRIMARY KEY);
CREATE TABLE mledb.series_replay (id serial PRIMARY KEY);
CREATE TABLE mledb.stream_event (id serial PRIMARY KEY);
CREATE TABLE mledb.team (id serial PRIMARY KEY);
CREATE TABLE mledb.team_branding (id serial PRIMARY KEY);
CREATE TABLE mledb.team_core_stats (id serial PRIMARY KEY);
CREATE TABLE mledb.team_role_usage (id serial PRIMARY KEY);
CREATE TABLE mledb.team_to_captain (id serial PRIMARY KEY);

COPY mledb.player (id) FROM stdin;
1
2
3
\.

--
-- PostgreSQL database dump complete
--

