//! SQL: what it reads, what it refuses, what goes on record.

use super::*;
use crate::audit::AccessAudit;

#[tokio::test]
async fn sql_reads_and_is_on_record() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    let statement =
        "SELECT actor, count(*) AS episodes FROM episodes WHERE severity = 4 GROUP BY actor ORDER BY actor";
    let cleared = school.sql("dsl", statement).await.unwrap();
    let table = cleared.value();
    assert_eq!(texts(table, "actor"), ["0000000000000001", "0000000000000002"]);
    assert_eq!(integers(table, "episodes"), [Some(1), Some(1)]);
    school.sql("dsl", "SELECT nothing FROM nowhere").await.unwrap_err();
    let mut audit = AccessAudit::open(&school.dir, &school.id).unwrap();
    let entries = audit.entries().unwrap();
    let of = |index: usize| {
        let entry: &crate::audit::Entry = &entries[index];
        (entry.who.as_str(), entry.what.as_str(), entry.reason.as_str(), entry.target.as_str(), entry.rows)
    };
    assert_eq!(of(0), ("dsl", "sql", "asked", statement, 0));
    assert_eq!(of(1), ("dsl", "sql", "answered", statement, 2));
    assert_eq!(of(2).2, "asked");
    assert_eq!(of(3), ("dsl", "sql", "refused: Input", "SELECT nothing FROM \u{2026}", 0));
    assert_eq!(audit.verify().unwrap().entries, 4);
}

#[tokio::test]
async fn a_statement_that_cannot_be_recorded_does_not_run() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    std::fs::write(SchoolRoot::new(dir.path(), &school.id).state(), "no database").unwrap();
    school.sql("dsl", "SELECT 1").await.unwrap_err();
}

#[tokio::test]
async fn sql_can_only_read_what_is_pseudonymous() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    let secret = dir.path().join("secret.csv");
    std::fs::write(&secret, "name\njsmith\n").unwrap();
    let secret = secret.display();
    for statement in [
        "SELECT * FROM staff_episodes".to_owned(),
        "INSERT INTO episodes SELECT * FROM episodes".to_owned(),
        "DELETE FROM episodes".to_owned(),
        "DROP TABLE episodes".to_owned(),
        "CREATE TABLE x AS SELECT 1".to_owned(),
        "CREATE VIEW x AS SELECT 1".to_owned(),
        "SET datafusion.execution.batch_size = 1".to_owned(),
        "SELECT 1; SELECT 2".to_owned(),
        "EXPLAIN SELECT 1".to_owned(),
        format!("CREATE EXTERNAL TABLE s STORED AS CSV LOCATION '{secret}'"),
        format!("COPY (SELECT 1) TO '{secret}'"),
        format!("SELECT * FROM '{secret}'"),
        format!("SELECT * FROM read_csv('{secret}')"),
        "SELECT * FROM information_schema.tables".to_owned(),
        "SELECT * FROM information_schema.df_settings".to_owned(),
        String::new(),
    ] {
        let error = school.sql("dsl", &statement).await.expect_err(&statement);
        assert_eq!(error.kind(), Kind::Input, "{statement}");
        assert!(error.helping().is_some(), "{statement}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(std::fs::read_to_string(dir.path().join("secret.csv")).unwrap(), "name\njsmith\n");
}

#[tokio::test]
async fn refusals_help_without_quoting() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    for (statement, says) in [
        ("SELECT severty FROM episodes", "did you mean `severity`"),
        ("SELECT \"jsmith\" FROM episodes", "`watershed columns` lists"),
        ("SELECT 1 FROM jsmith", "the tables are: requests, attempts"),
        ("SELECT FROM WHERE 'jsmith", "line 1, column"),
        ("SELECT CAST(group_id || 'jsmith' AS INT) FROM episodes", "try_cast"),
        ("SELECT jsmith(1)", "Apache DataFusion"),
    ] {
        let error = school.sql("dsl", statement).await.expect_err(statement).to_string();
        assert!(error.contains(says), "{statement}: {error}");
        assert!(!error.contains("jsmith"), "{statement}: {error}");
    }
}

#[tokio::test]
async fn sql_is_limited_in_rows_time_and_memory() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    let many = school.sql("dsl", "SELECT value FROM generate_series(1, 20000)").await.unwrap();
    assert_eq!(many.value().rows.len(), 10_000);
    assert!(many.value().notes[0].starts_with("Cut after 10,000 rows"));

    let tight = Limits { memory_bytes: 1 << 16, ..sql::LIMITS };
    let session = Session::new(&tight).unwrap();
    let statement = "SELECT value FROM generate_series(1, 1000000) ORDER BY value DESC";
    let error = session.query_some(statement, &[]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Environment);
    assert!(error.to_string().contains("memory"), "{error}");

    let hasty = Limits { time: std::time::Duration::ZERO, ..sql::LIMITS };
    let session = Session::new(&hasty).unwrap();
    let error = session
        .query_some("SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 1000) b", &[])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
}
