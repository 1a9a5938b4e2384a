namespace LifecycleManager.Storage.Sqlite;

/// <summary>What a file holds, and how it tells.</summary>
/// <param name="ApplicationId">Tells our file from another program's, and from another one of ours.</param>
/// <param name="Version">Of the tables.</param>
/// <param name="Create">Makes them.</param>
internal sealed record SqliteSchema(int ApplicationId, int Version, string Create)
{
    /// <summary>The state.</summary>
    public static readonly SqliteSchema State = new(0x6C636D01, 1,
        """
        CREATE TABLE entry (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL) STRICT;
        CREATE TABLE fence (name TEXT NOT NULL PRIMARY KEY, token INTEGER NOT NULL, address TEXT) STRICT;
        """);
}
