using Dapper;

namespace LifecycleManager.Storage.Records;

/// <summary>
/// The statements of a table of records, of which the databases understand the same. The newest first is by time and then by id.
/// </summary>
/// <remarks>
/// An index has the columns that are compared, then the facets, then time and id. A query that leaves facets open asks for each
/// of their values by itself and joins the first of each, so that every index is read in order, from where the page begins to
/// where it ends, whatever else is in the table.
/// </remarks>
/// <param name="schema">The table.</param>
/// <param name="text">The type of a text that is ordered by its bytes.</param>
/// <param name="number">The type of a whole number of 64 bits.</param>
/// <param name="isSqlite">SQLite is told which index serves a query, and has no arrays.</param>
internal sealed class RecordSql(RecordSchema schema, string text, string number, bool isSqlite)
{
    /// <summary>What a record of a million takes besides what is counted: measured.</summary>
    private const int Overhead = 930;

    private readonly string _columns = string.Join(", ", (IEnumerable<string>)
        ["id", "at", "changed", "term", "size", .. schema.Columns, "body"]);

    /// <summary>Makes the table and its indexes.</summary>
    public string Create => string.Join('\n', (IEnumerable<string>)
    [
        $"CREATE TABLE {schema.Name} (id {text} NOT NULL PRIMARY KEY, at {number} NOT NULL, changed {number} NOT NULL, "
            + $"term {number} NOT NULL, size {number} NOT NULL, "
            + string.Concat(schema.Columns.Select(column => $"{column} {text}, ")) + $"body {text} NOT NULL);",
        $"CREATE INDEX {schema.Name}_by_age ON {schema.Name} (at, id, size);",
        .. Indexes.Select(index => $"CREATE INDEX {NameOf(index)} ON {schema.Name} ({string.Join(", ", index)}, at, id);"),
    ]);

    public string Find => $"SELECT id, at, body FROM {schema.Name} WHERE id = @id";

    public string Changes => $"SELECT id, changed FROM {schema.Name} WHERE id {(isSqlite ? "IN @ids" : "= ANY(@ids)")}";

    public string Volume => $"SELECT count(*) AS records, coalesce(sum(size), 0) AS bytes FROM {schema.Name}";

    public string Oldest => $"SELECT id, at, size FROM {schema.Name} ORDER BY at, id LIMIT @most";

    /// <summary>Deletes the oldest up to one.</summary>
    public string DeleteUpTo => $"DELETE FROM {schema.Name} WHERE (at, id) <= (@at, @id)";

    // By age alone is served by the index of all facets only where there are any.
    private IEnumerable<IReadOnlyList<string>> Indexes =>
        schema.Indexes.Append([]).Select(Indexed).Where(columns => columns.Count > 0);

    /// <summary>Microseconds since 1970.</summary>
    public static long Micros(DateTimeOffset at) => (at.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>The instant of so many microseconds since 1970.</summary>
    public static DateTimeOffset Time(long micros) => DateTimeOffset.UnixEpoch.AddMicroseconds(micros);

    /// <summary>About what a record takes, with its entries in the indexes.</summary>
    public long Size(TableRecord record) =>
        Overhead + record.Body.Length + ((3 + schema.Indexes.Count) * (long)record.Id.Length)
        + record.Values.Sum(value => (value?.Length ?? 0) * 2L);

    public (string Sql, DynamicParameters Values) Write(IReadOnlyList<TableRecord> records)
    {
        var (values, rows) = (new DynamicParameters(), new List<string>(records.Count));
        foreach (var (index, record) in records.Index())
        {
            var names = new List<string>();
            Add("id", record.Id);
            Add("at", Micros(record.At));
            Add("changed", Micros(record.Changed));
            Add("term", record.Term);
            Add("size", Size(record));
            foreach (var (column, value) in schema.Columns.Zip(record.Values)) Add(column, value);
            Add("body", record.Body);
            rows.Add($"({string.Join(", ", names)})");

            void Add(string column, object? value)
            {
                names.Add($"@{column}{index}");
                values.Add($"{column}{index}", value, value is null ? System.Data.DbType.String : null);
            }
        }

        var replaced = string.Join(", ", (IEnumerable<string>)["changed", "term", "size", .. schema.Columns, "body"]);
        return ($"INSERT INTO {schema.Name} ({_columns}) VALUES {string.Join(", ", rows)} ON CONFLICT (id) DO UPDATE SET "
            + string.Join(", ", replaced.Split(", ").Select(column => $"{column} = excluded.{column}"))
            + $" WHERE {schema.Name}.term <= excluded.term", values);
    }

    public (string Sql, DynamicParameters Values) Page(RecordQuery query)
    {
        var values = new DynamicParameters(new { limit = query.Limit });
        var index = schema.IndexFor([.. query.Equal.Keys]);
        var parts = query.Equal.Keys.Select(column => $"{column} = @{column}").ToList();
        foreach (var (column, value) in query.Equal) values.Add(column, value);
        if (query.Since is { } since)
        {
            parts.Add("at >= @since");
            values.Add("since", Micros(since));
        }

        // One upper bound: two of them leave it to the database which of them ends the search.
        if (query.Before is { } before && !(query.Until <= before.At))
        {
            parts.Add("(at, id) < (@beforeAt, @beforeId)");
            values.Add("beforeAt", Micros(before.At));
            values.Add("beforeId", before.Id);
        }
        else if (query.Until is { } until)
        {
            parts.Add("at < @until");
            values.Add("until", Micros(until));
        }

        var open = schema.Facets.Where(facet => !query.Equal.ContainsKey(facet.Column));
        IEnumerable<IReadOnlyList<string>> branches = [parts];
        foreach (var facet in open)
        {
            branches = branches.SelectMany(
                branch => facet.Values.Select(IReadOnlyList<string> (value) => [.. branch, $"{facet.Column} = '{value}'"]));
        }

        var columns = Indexed(index);
        var by = isSqlite ? $" INDEXED BY {(columns.Count > 0 ? NameOf(columns) : schema.Name + "_by_age")}" : "";
        var selects = branches.Select(branch =>
            $"SELECT * FROM (SELECT at, id FROM {schema.Name}{by}{(branch.Count == 0 ? "" : " WHERE ")}"
            + $"{string.Join(" AND ", branch)} ORDER BY at DESC, id DESC LIMIT @limit) AS part");
        return ($"SELECT found.id, found.at, {schema.Name}.body FROM (SELECT at, id FROM ({string.Join(" UNION ALL ", selects)}) "
            + $"AS parts ORDER BY at DESC, id DESC LIMIT @limit) AS found JOIN {schema.Name} ON {schema.Name}.id = found.id "
            + "ORDER BY found.at DESC, found.id DESC", values);
    }

    private IReadOnlyList<string> Indexed(IReadOnlyList<string> columns) =>
        [.. columns, .. schema.Facets.Select(facet => facet.Column)];

    private string NameOf(IEnumerable<string> columns) => $"{schema.Name}_by_{string.Join('_', columns)}";
}
