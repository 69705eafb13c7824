-- What has changed in the catalog since 1.0.
\echo Use "ALTER EXTENSION pvext UPDATE TO '1.1'" to load this file. \quit
