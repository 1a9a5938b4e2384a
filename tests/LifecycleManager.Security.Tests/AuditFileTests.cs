using System.Text.Json.Nodes;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Security.Tests;

public sealed class AuditFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-audit-").FullName;
    private readonly RoleHealth _health = new(TimeProvider.System);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Each_change_is_a_line_also_after_the_file_was_moved_away_and_from_many_threads()
    {
        var path = Path.Combine(_directory, "audit.json");
        var file = new AuditFile(path, _health, NullLogger<AuditFile>.Instance);
        file.Write(Entry("first\nline"));
        File.Move(path, path + ".1");

        // Roles of one machine may share the file.
        var other = new AuditFile(path, _health, NullLogger<AuditFile>.Instance);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(
            i => Task.Run(() => (i % 2 == 0 ? file : other).Write(Entry($"/a{i}")))));
        Assert.Equal("first\nline", (string?)JsonNode.Parse(Assert.Single(File.ReadAllLines(path + ".1")))!["subject"]);
        var entries = File.ReadAllLines(path).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(200, entries.Select(entry => (string?)entry["subject"]).Distinct().Count());
        Assert.All(entries, entry => Assert.Equal(("ops", "PUT /v2/apps/{id}", "2026-11-30T12:00:00+00:00"),
            ((string?)entry["who"], (string?)entry["what"], (string?)entry["at"])));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_told_in_health_until_it_can()
    {
        var path = Path.Combine(_directory, "missing", "audit.json");
        var file = new AuditFile(path, _health, NullLogger<AuditFile>.Instance);
        Assert.Empty(_health.Verdict().Warnings);
        file.Write(Entry("/a"));
        Assert.Contains(path, Assert.Single(_health.Verdict().Warnings), StringComparison.Ordinal);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        file.Write(Entry("/b"));
        Assert.Empty(_health.Verdict().Warnings);
        Assert.Single(File.ReadAllLines(path));
    }

    private static AuditEntry Entry(string subject) => new()
    {
        Id = "1",
        At = new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero),
        Who = "ops",
        What = "PUT /v2/apps/{id}",
        Subject = subject,
    };
}
