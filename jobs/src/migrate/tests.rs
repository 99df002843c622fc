//! Migrating: a copy is made first, only the last copies stay, and what fails changes nothing.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, Statement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::*;

/// One step: statements.
struct Step(&'static str, &'static [&'static str]);

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        self.0
    }
}

#[async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in self.1 {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

macro_rules! migrator {
    ($name:ident, [$($step:expr),*]) => {
        struct $name;

        impl MigratorTrait for $name {
            fn migrations() -> Vec<Box<dyn MigrationTrait>> {
                vec![$(Box::new($step)),*]
            }
        }
    };
}

const FIRST: Step = Step(
    "m1",
    &[
        "CREATE TABLE notes (text TEXT)",
        "INSERT INTO notes VALUES ('kept')",
    ],
);

migrator!(One, [FIRST]);
migrator!(Two, [FIRST, Step("m2", &["INSERT INTO notes VALUES ('second')"])]);
migrator!(
    Broken,
    [
        FIRST,
        Step("m2", &["CREATE TABLE half (text TEXT)", "DELETE FROM notes"]),
        Step("m3", &["INSERT INTO nowhere VALUES (1)"])
    ]
);

async fn texts(db: &Db) -> Vec<String> {
    let rows = db
        .read()
        .query_all_raw(Statement::from_string(
            db.read().get_database_backend(),
            "SELECT text FROM notes ORDER BY rowid",
        ))
        .await
        .unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn new() -> (tempfile::TempDir, DataDir, Db) {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::prepare(temp.path()).unwrap();
    let db = Db::open(&dir.database()).await.unwrap();
    (temp, dir, db)
}

#[tokio::test]
async fn a_new_database_is_made_without_a_copy() {
    let (_temp, dir, db) = new().await;
    let migrated = migrate_with::<Two>(&db, &dir).await.unwrap();
    assert_eq!(migrated.applied, ["m1", "m2"]);
    assert_eq!(migrated.copy, None);
    assert!(!dir.backups().exists());
}

#[tokio::test]
async fn a_database_in_use_is_copied_before_it_is_changed() {
    let (_temp, dir, db) = new().await;
    migrate_with::<One>(&db, &dir).await.unwrap();
    let migrated = migrate_with::<Two>(&db, &dir).await.unwrap();
    assert_eq!(migrated.applied, ["m2"]);
    assert_eq!(texts(&db).await, ["kept", "second"]);
    let copy = migrated.copy.unwrap();
    assert_eq!(copy, dir.backups().join("before-m2-1.db"));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(
        std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(texts(&Db::open(&copy).await.unwrap()).await, ["kept"]);
}

#[tokio::test]
async fn a_step_that_fails_leaves_everything_as_it_was() {
    let (_temp, dir, db) = new().await;
    migrate_with::<One>(&db, &dir).await.unwrap();
    for tries in 1..=5_usize {
        assert!(migrate_with::<Broken>(&db, &dir).await.is_err());
        assert_eq!(texts(&db).await, ["kept"]);
        // Only the last three copies are kept.
        let copies = copies(&dir.backups()).unwrap();
        let numbers: Vec<u64> = copies.iter().map(|(number, _)| *number).collect();
        let expected: Vec<u64> = (1..=5)
            .filter(|n| *n <= tries as u64 && *n + 3 > tries as u64)
            .collect();
        assert_eq!(numbers, expected);
    }
    // No table of the broken step is left to be in the way of a mended one.
    let migrated = migrate_with::<Two>(&db, &dir).await.unwrap();
    assert_eq!(migrated.applied, ["m2"]);
    assert!(
        db.read()
            .query_one_raw(Statement::from_string(
                db.read().get_database_backend(),
                "SELECT 1 FROM half",
            ))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn where_there_is_no_room_for_the_copy_nothing_is_changed() {
    let (_temp, dir, db) = new().await;
    migrate_with::<One>(&db, &dir).await.unwrap();
    std::fs::write(dir.backups(), "in the way").unwrap();
    let error = migrate_with::<Two>(&db, &dir).await.unwrap_err();
    assert!(matches!(error, JobsError::Unusable(_)), "{error:?}");
    assert_eq!(texts(&db).await, ["kept"]);
}
