CREATE TABLE pv.role_profile (
    role    regrole NOT NULL,
    profile text NOT NULL CHECK (profile IN ('owner', 'application', 'officer', 'auditor')),
    PRIMARY KEY (role, profile)
);
COMMENT ON TABLE pv.role_profile IS 'the profiles that grant_role gave to each role';
COMMENT ON COLUMN pv.role_profile.role IS 'the role';
COMMENT ON COLUMN pv.role_profile.profile IS 'what it was given: owner, application, officer or auditor';
SELECT pg_extension_config_dump('pv.role_profile', '');

CREATE FUNCTION pv.grant_role(role regrole, profile text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_grant_role';
COMMENT ON FUNCTION pv.grant_role(regrole, text) IS
    'gives a role what a profile needs: owner (declares on its own tables), application (erases), officer (purposes, holds, requests) or auditor (reads). Errors: 22023 no such profile, 42704 no such role';
CREATE FUNCTION pv.revoke_role(role regrole, profile text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_revoke_role';
COMMENT ON FUNCTION pv.revoke_role(regrole, text) IS
    'takes from a role what a profile gave it, but for what another of its profiles needs. Errors: 22023 no such profile, 42704 no such role, or it does not have the profile';
