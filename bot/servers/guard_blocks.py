"""The anonymous blocks of the guard's scripts, in the order in which they run; `guard_script` puts them together.

Each begins with DECLARE; the constants that it speaks of are put there: base, bot, guard, made_for, rights, the_function,
grants_apart (whether the server keeps a role's memberships apart by who granted them), note_begins, schema_note and made_here.
"""

CHECK = """
DECLARE
    version CONSTANT integer := current_setting('server_version_num')::integer / 10000;
BEGIN
    IF current_database() <> base THEN
        RAISE EXCEPTION 'this script is for the database "%", and this is "%"', base, current_database()
            USING HINT = 'Connect to the database that the bot logs in to (psql -d).';
    ELSIF version <> coalesce(made_for, version) OR version < 14 THEN
        RAISE EXCEPTION 'this script is for PostgreSQL %, and this is %', coalesce(made_for::text, '14 and later'), version
            USING HINT = 'Have connbot doctor --sql make a new one.';
    END IF;
END
"""

ROLES = """
DECLARE
    note jsonb := '{}';
    its record;
    wanted text;
    before oid[];
    grantor text;
BEGIN
    -- Else PostgreSQL 16 and later may make whoever runs this a member of the roles made here.
    PERFORM set_config(name, '', true) FROM pg_settings WHERE name = 'createrole_self_grant';

    SELECT * INTO its FROM pg_roles WHERE rolname = bot;
    IF its.oid IS NULL THEN
        EXECUTE format('CREATE ROLE %I LOGIN', bot);
        EXECUTE format('COMMENT ON ROLE %I IS %L', bot, made_here);
    ELSIF its.rolsuper THEN
        RAISE EXCEPTION 'the role "%" is a superuser, and no guard holds a superuser back', bot
            USING HINT = 'Let the bot log in as a role of its own: change the dsn in its configuration.';
    ELSIF NOT its.rolcanlogin THEN
        RAISE EXCEPTION 'the role "%" exists and cannot log in', bot
            USING HINT = 'If it is meant to be the bot''s: ALTER ROLE ... LOGIN, and run this again.';
    END IF;

    SELECT *, shobj_description(oid, 'pg_authid') AS note INTO its FROM pg_roles WHERE rolname = guard;
    IF its.oid IS NULL THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', guard);
    ELSIF its.note IS NULL OR NOT starts_with(its.note, note_begins) THEN
        RAISE EXCEPTION 'there is a role "%" that this script did not make', guard
            USING HINT = 'Rename or drop it, and run this again.';
    ELSIF its.rolcanlogin OR its.rolsuper OR its.rolcreaterole OR its.rolcreatedb OR its.rolreplication OR its.rolbypassrls THEN
        RAISE EXCEPTION 'the guard role "%" was given attributes that it must not have', guard
            USING HINT = 'ALTER ROLE ... NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS';
    ELSE
        note := substring(its.note FROM length(note_begins) + 1)::jsonb;
    END IF;
    FOR its IN
        SELECT m.roleid::regrole AS granted, m.member::regrole AS member
        FROM pg_auth_members AS m
        JOIN pg_roles AS a ON a.oid = m.roleid
        JOIN pg_roles AS b ON b.oid = m.member
        WHERE a.rolname = guard AND NOT b.rolsuper AND b.rolname <> current_user
            OR b.rolname = guard AND a.rolname NOT IN ('pg_read_all_stats', 'pg_signal_backend')
    LOOP
        RAISE EXCEPTION 'somebody made % a member of %, which puts the guard in danger', its.member, its.granted
            USING HINT = format('REVOKE %s FROM %s', its.granted, its.member);
    END LOOP;

    FOREACH wanted IN ARRAY rights LOOP
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) AND NOT pg_has_role(bot, wanted, 'USAGE') THEN
            before := ARRAY(SELECT m.grantor FROM pg_auth_members AS m
                WHERE m.roleid = quote_ident(wanted)::regrole AND m.member = quote_ident(bot)::regrole);
            EXECUTE format('GRANT %I TO %I', wanted, bot);
            SELECT pg_get_userbyid(m.grantor) INTO grantor FROM pg_auth_members AS m
                WHERE m.roleid = quote_ident(wanted)::regrole AND m.member = quote_ident(bot)::regrole
                    AND m.grantor <> ALL (before);
            note := note || jsonb_build_object(wanted, grantor);
        END IF;
    END LOOP;
    FOREACH wanted IN ARRAY ARRAY['pg_read_all_stats', 'pg_signal_backend'] LOOP
        IF NOT pg_has_role(guard, wanted, 'USAGE') THEN
            EXECUTE format('GRANT %I TO %I', wanted, guard);
        END IF;
    END LOOP;
    IF NOT pg_has_role(bot, 'pg_read_all_stats', 'USAGE') THEN
        RAISE EXCEPTION 'the role "%" does not inherit pg_read_all_stats, of which it is a member', bot
            USING HINT = format(
                CASE WHEN grants_apart THEN 'GRANT pg_read_all_stats TO %I WITH INHERIT TRUE' ELSE 'ALTER ROLE %I INHERIT' END, bot
            );
    END IF;

    -- It must be able to log in, to replace a connection that hangs, and to look on while it does.
    IF NOT has_database_privilege(bot, base, 'CONNECT') THEN
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', base, bot);
        note := note || jsonb_build_object('connect', coalesce(note -> 'connect', '[]') || to_jsonb(base));
    END IF;
    SELECT * INTO its FROM pg_roles WHERE rolname = bot;
    IF its.rolconnlimit BETWEEN 0 AND 2 THEN
        EXECUTE format('ALTER ROLE %I CONNECTION LIMIT 3', bot);
        note := note || jsonb_build_object('connection_limit', its.rolconnlimit);
    END IF;

    -- The right to end anybody's session is the guard role's from now on.
    SELECT jsonb_agg(jsonb_build_object('grantor', pg_get_userbyid(m.grantor), 'admin', m.admin_option,
            'inherit', to_jsonb(m) -> 'inherit_option', 'set', to_jsonb(m) -> 'set_option')) AS held
        INTO its FROM pg_auth_members AS m
        WHERE m.roleid = 'pg_signal_backend'::regrole AND m.member = quote_ident(bot)::regrole;
    IF its.held IS NOT NULL THEN
        note := note || jsonb_build_object('pg_signal_backend', its.held);
        FOR grantor IN SELECT one ->> 'grantor' FROM jsonb_array_elements(its.held) AS one LOOP
            EXECUTE format('REVOKE pg_signal_backend FROM %I', bot)
                || CASE WHEN grants_apart THEN format(' GRANTED BY %I', grantor) ELSE '' END;
        END LOOP;
    END IF;
    IF pg_has_role(bot, 'pg_signal_backend', 'MEMBER') THEN
        RAISE WARNING 'the role "%" can still end anybody''s session, through another role that it is a member of', bot
            USING HINT = 'Find out through which, and take it back.';
    ELSIF EXISTS (SELECT FROM pg_roles WHERE rolname = bot AND rolcreaterole) THEN
        RAISE WARNING 'the role "%" may create roles, and could so give itself more than this script does', bot
            USING HINT = format('ALTER ROLE %I NOCREATEROLE', bot);
    END IF;

    EXECUTE format('COMMENT ON ROLE %I IS %L', guard, note_begins || note);
END
"""

SCHEMA = """
DECLARE
    its record;
BEGIN
    SELECT n.oid, o.rolsuper OR o.rolname = current_user AS trusted, obj_description(n.oid, 'pg_namespace') AS note
        INTO its FROM pg_namespace AS n JOIN pg_roles AS o ON o.oid = n.nspowner WHERE n.nspname = guard;
    IF its.oid IS NULL THEN
        EXECUTE format('CREATE SCHEMA %I', guard);
        EXECUTE format('COMMENT ON SCHEMA %I IS %L', guard, schema_note);
    ELSIF its.note IS DISTINCT FROM schema_note OR NOT its.trusted THEN
        RAISE EXCEPTION 'there is a schema "%" that this script did not make, or that is neither yours nor a superuser''s', guard
            USING HINT = 'Rename or drop it, or run this as its owner.';
    ELSIF EXISTS (SELECT FROM pg_proc WHERE pronamespace = its.oid AND oid IS DISTINCT FROM to_regprocedure(the_function)) THEN
        RAISE EXCEPTION 'somebody has put another function into the schema "%"', guard
            USING HINT = 'Find out who, drop it, and run this again.';
    END IF;

    -- Who is no superuser can hand a function over to members of the new owner only: to themselves, until the end of this.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT %I TO %I', guard, current_user)
            || CASE WHEN grants_apart THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END;
        EXECUTE format('GRANT CREATE ON SCHEMA %I TO %I', guard, guard);
    END IF;
END
"""

ACCESS = """
DECLARE
    its record;
BEGIN
    -- What default privileges or anybody else have added goes; so does the right of everybody to call a new function.
    FOR its IN
        SELECT format('REVOKE ALL ON FUNCTION %s FROM %s CASCADE', the_function,
            CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END) AS statement
        FROM pg_proc AS p CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS acl
        WHERE p.oid = the_function::regprocedure AND acl.grantee <> p.proowner
            AND (acl.grantee <> quote_ident(bot)::regrole OR acl.is_grantable)
        UNION
        SELECT format('REVOKE ALL ON SCHEMA %I FROM %s CASCADE', guard,
            CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END)
        FROM pg_namespace AS n CROSS JOIN aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS acl
        WHERE n.nspname = guard AND acl.grantee <> n.nspowner
            AND (acl.grantee <> quote_ident(bot)::regrole OR acl.privilege_type <> 'USAGE' OR acl.is_grantable)
    LOOP
        EXECUTE its.statement;
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', guard, bot);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', the_function, bot);

    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('REVOKE %I FROM %I', guard, current_user)
            || CASE WHEN grants_apart THEN format(' GRANTED BY %I', current_user) ELSE '' END;
    END IF;
END
"""

REMOVE = """
DECLARE
    note jsonb;
    its record;
    granted record;
    elsewhere text;
    known text;
BEGIN
    SELECT n.oid, obj_description(n.oid, 'pg_namespace') AS note INTO its FROM pg_namespace AS n WHERE n.nspname = guard;
    IF its.note = schema_note THEN
        EXECUTE format('DROP FUNCTION IF EXISTS %s', the_function);
        EXECUTE format('DROP SCHEMA %I', guard);
    ELSIF its.oid IS NOT NULL THEN
        RAISE EXCEPTION 'there is a schema "%" that is not from the script', guard
            USING HINT = 'Look at it, drop it yourself if it is not wanted, and run this again.';
    END IF;

    SELECT oid, shobj_description(oid, 'pg_authid') AS note INTO its FROM pg_roles WHERE rolname = guard;
    IF its.oid IS NULL THEN
        RETURN;
    ELSIF its.note IS NULL OR NOT starts_with(its.note, note_begins) THEN
        RAISE EXCEPTION 'the role "%" does not tell what is to be taken back: its comment is not the script''s', guard
            USING HINT = 'Run the script of connbot doctor --sql again, or take the rights back by hand.';
    END IF;
    note := substring(its.note FROM length(note_begins) + 1)::jsonb;
    SELECT string_agg(b.datname, ', ') INTO elsewhere
        FROM (SELECT DISTINCT dbid FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = its.oid) AS d
        JOIN pg_database AS b ON b.oid = d.dbid WHERE b.datname <> current_database();
    IF elsewhere IS NOT NULL THEN
        RAISE WARNING 'the roles "%" and "%" stay, because the guard stands in other databases, too: %', bot, guard, elsewhere;
        RETURN;
    END IF;
    EXECUTE format('DROP ROLE %I', guard);

    SELECT *, shobj_description(oid, 'pg_authid') AS note INTO its FROM pg_roles WHERE rolname = bot;
    IF its.oid IS NULL THEN
        RETURN;
    END IF;
    FOR granted IN
        SELECT r.rolname, pg_get_userbyid(m.grantor) AS grantor
        FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.roleid
        WHERE m.member = its.oid AND r.rolname IN ('pg_read_all_stats', 'pg_use_reserved_connections')
            AND pg_get_userbyid(m.grantor) = note ->> r.rolname
    LOOP
        EXECUTE format('REVOKE %I FROM %I', granted.rolname, bot)
            || CASE WHEN grants_apart THEN format(' GRANTED BY %I', granted.grantor) ELSE '' END;
    END LOOP;
    FOR known IN
        SELECT b.datname FROM jsonb_array_elements_text(note -> 'connect') AS one JOIN pg_database AS b ON b.datname = one
    LOOP
        EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM %I', known, bot);
    END LOOP;
    IF its.note = made_here THEN
        EXECUTE format('DROP ROLE %I', bot);
        RETURN;
    END IF;
    IF its.rolconnlimit = 3 AND note ? 'connection_limit' THEN
        EXECUTE format('ALTER ROLE %I CONNECTION LIMIT %s', bot, (note -> 'connection_limit')::integer);
    END IF;
    FOR granted IN
        SELECT one.*, r.rolname IS NOT NULL AS still
        FROM jsonb_to_recordset(note -> 'pg_signal_backend') AS one (grantor text, admin boolean, inherit boolean, set boolean)
        LEFT JOIN pg_roles AS r ON r.rolname = one.grantor
    LOOP
        EXECUTE format('GRANT pg_signal_backend TO %I', bot)
            || CASE WHEN granted.inherit IS NOT NULL
                THEN format(' WITH ADMIN %s, INHERIT %s, SET %s', granted.admin::text, granted.inherit::text, granted.set::text)
                WHEN granted.admin THEN ' WITH ADMIN OPTION' ELSE '' END
            || CASE WHEN granted.still THEN format(' GRANTED BY %I', granted.grantor) ELSE '' END;
    END LOOP;
END
"""
