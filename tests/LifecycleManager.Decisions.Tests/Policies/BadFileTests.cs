using System.Text;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Decisions.Tests.Policies;

/// <summary>Files that no policy can be read of: one error, with its place and what to do, of every tool.</summary>
public sealed class BadFileTests : IDisposable
{
    private const string Good = """
        policy: p
        app: /a
        instances: { min: 1, max: 3 }
        metrics: { cpu: { container: cpu } }
        rules:
          - { rule: r, target: { metric: cpu, value: 60% } }

        """;

    private const long MostAllocated = 512L << 20;

    private readonly string _directory = Directory.CreateTempSubdirectory("bad-file").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    public static TheoryData<string, string, string, string> Texts => new()
    {
        { "a tab", Good.Replace("  - {", "\t- {", StringComparison.Ordinal), "6:1", "a tab: in YAML blanks alone indent" },
        { "a tab behind blanks", "policy: p\nmetrics:\n  cpu:\n  \tcontainer: cpu\n", "4:3",
            "a tab: in YAML blanks alone indent" },
        { "a merge", "policy: p\nx-base: &b { min: 1 }\ninstances:\n  <<: *b\n  max: 3\n", "4:3", "'<<' would merge mappings" },
        { "a NUL", Good + "# \0", "7:3", "a NUL character: it is no text, or in UTF-16 without its mark; save it as UTF-8" },
        { "long", Good + new string('#', 5 * 1024 * 1024), "1:1", "1048576" },
        { "one line", "{ policy: p, rules: [" + string.Concat(Enumerable.Repeat("{ rule: r, when: a > 1 },", 20_000)) + "] }",
            "1:", "the file has more than 50000 values" },
        { "aliases", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 1000).Select(i =>
            $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n")), "", "the file has more than 50000 values" },
        { "an unknown alias", "policy: *p\n", "1:9", "the alias *p has no anchor before it" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task A_text_is_refused_at_its_place(string what, string text, string place, string message)
    {
        var file = Path.Combine(_directory, "p.yml");
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        SaidByAll(file, what, place, message);
    }

    [Fact]
    public async Task Latin1_is_refused_at_its_first_foreign_byte_and_is_not_changed_by_fmt()
    {
        var file = Path.Combine(_directory, "p.yml");
        var bytes = Encoding.Latin1.GetBytes(Good.Replace("policy: p", "policy: caf\u00e9", StringComparison.Ordinal));
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        SaidByAll(file, "latin1", "1:12", "no character of UTF-8: the file may be in Latin-1; save it as UTF-8, for one by "
            + "'iconv -f LATIN1 -t UTF-8'");
        Assert.Equal(bytes, await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Utf16_is_refused_with_what_to_do(bool bigEndian)
    {
        var file = Path.Combine(_directory, "p.yml");
        await File.WriteAllTextAsync(file, Good, new UnicodeEncoding(bigEndian, byteOrderMark: true),
            TestContext.Current.CancellationToken);
        SaidByAll(file, "UTF-16", "", "in UTF-16; save it as UTF-8, for one by 'iconv -f UTF-16 -t UTF-8'");
    }

    /// <summary>All tools and a manager's directory of rules say it; none of them does more work than the file is long.</summary>
    private void SaidByAll(string file, string what, string place, string message)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = PolicyCheck.Run([file], CheckFormat.Text, strict: false, output, error);
        Assert.True(code is 1 or 2, $"{what}: check ends with {code}");
        Said($"{output}{error}");
        Assert.Equal(2, PolicyFmt.Run([file], check: false, output = new StringWriter(), error = new StringWriter()));
        Said(error.ToString());
        var test = Path.Combine(_directory, "of.test.yml");
        File.WriteAllText(test, "policies: p.yml\ntests: []\n");
        Assert.Equal(2, PolicyTest.Run([test], output, error = new StringWriter()));
        Said(error.ToString());
        File.Delete(test);
        var data = Path.Combine(_directory, "day.csv");
        File.WriteAllText(data, "time,cpu\n0,1\n60,1\n");
        var replay = new ReplayOptions { PolicyFile = file, Data = [data] };
        Assert.Equal(2, PolicyReplay.Run(replay, output, error = new StringWriter()));
        Said(error.ToString());
        Assert.Equal(2, PolicyImport.Run([file], output = new StringWriter(), error = new StringWriter()));
        Assert.Matches(@"p\.yml:\d+:\d+: error: ", error.ToString());
        Assert.Single(error.ToString().TrimEnd().Split('\n'));
        Assert.Equal(2, PolicyInit.Run("/a", "target", file, output, error = new StringWriter()));
        Assert.Contains("p.yml", error.ToString(), StringComparison.Ordinal);
        // Work is bounded by what is read, not by what it would become: a thousand aliases would be 2^1000 values.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        using var directory = new PolicyDirectory(_directory, new FakeTimeProvider(), NullLogger<PolicyDirectory>.Instance);
        directory.Reload();
        Assert.Empty(directory.Current.Policies);
        Said(string.Join('\n', directory.Problems));

        void Said(string text)
        {
            Assert.Contains(message, text, StringComparison.Ordinal);
            if (place.Length > 0) Assert.Contains($"p.yml:{place}", text, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        }
    }
}
