-- Folds a text for searching and sorting, in a database of any locale: composed letters, lower case, ё as е, blanks of
-- every kind as one space, signs that nobody sees left out. fold() of hsl_dashboard/folding.py does the same to what
-- somebody types. The migration takes the first collation with Unicode's letters that the server has.
CREATE OR REPLACE FUNCTION folded(words text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    -- Few names have such a letter, and this takes five times as long as all the rest.
    IF words COLLATE "C" ~ '[^ -~А-Яа-яЁё]' THEN
        words := normalize(translate(
            words,
            E'\u0130'
                '\u0009\u000A\u000B\u000C\u000D\u0085\u00A0\u1680\u2000\u2001\u2002\u2003'
                '\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000'
                '\u00AD\u061C\u180E\u200B\u200C\u200D\u200E\u200F\u202A\u202B\u202C\u202D'
                '\u202E\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\uFEFF',
            'i                        '
        ));
    END IF;
    RETURN btrim(replace(replace(translate(lower(words COLLATE "pg_c_utf8"), 'ёς', 'еσ'), '  ', ' '), '  ', ' '));
END $$;
