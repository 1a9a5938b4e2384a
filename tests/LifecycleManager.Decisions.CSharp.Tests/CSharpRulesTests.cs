using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using static LifecycleManager.Decisions.CSharp.Tests.RuleSources;

namespace LifecycleManager.Decisions.CSharp.Tests;

/// <summary>A directory of rule files, kept up to date.</summary>
public sealed class CSharpRulesTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("rules").FullName;
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public void A_refused_file_keeps_the_last_good_version_of_all()
    {
        Write("a.cs", Usings + Rule("A"));
        using var rules = Open();
        Assert.Equal(["A"], Names(rules));

        Write("b.cs", Usings + Rule("B").Replace("override ", "", StringComparison.Ordinal));
        rules.Reload();
        Assert.Equal(["A"], Names(rules));
        Assert.StartsWith(Path.Combine(_path, "b.cs:4:21: error: 'BRule' does not implement"), rules.Problems[0].ToString(),
            StringComparison.Ordinal);

        Write("b.cs", Usings + Rule("B"));
        rules.Reload();
        Assert.Equal(["A", "B"], Names(rules));
        Assert.Empty(rules.Problems);
    }

    [Fact]
    public void A_file_that_is_too_long_is_not_read()
    {
        Write("a.cs", Usings + Rule("A"));
        using var rules = Open();
        Write("b.cs", new string('/', 10 << 20));
        rules.Reload();
        Assert.Equal(["A"], Names(rules));
        Assert.Equal($"{Path.Combine(_path, "b.cs")}:1:1: error: the file has 10485760 bytes, more than 1048576 (size)",
            Assert.Single(rules.Problems).ToString());
    }

    [Fact]
    public void A_file_that_anybody_may_write_is_refused()
    {
        if (OperatingSystem.IsWindows()) return;
        Write("a.cs", Usings + Rule("A"));
        File.SetUnixFileMode(
            Path.Combine(_path, "a.cs"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        using var rules = Open();
        Assert.Empty(rules.Current.Rules);
        Assert.Contains("may be written by anybody", Assert.Single(rules.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_poll_finds_new_changed_and_removed_files()
    {
        using var rules = Open();
        Assert.Empty(rules.Current.Rules);
        Write("sub/a.cs", Usings + Rule("A"));
        Write("keep.yml", "policy: x");
        Write("obj/c.cs", "broken");
        Write(".d.cs", "broken");
        await PollUntilAsync(() => rules.Current.Rules.Count == 1);

        Write("sub/a.cs", Usings + Rule("A") + Rule("B"));
        await PollUntilAsync(() => rules.Current.Rules.Count == 2);

        File.Delete(Path.Combine(_path, "sub/a.cs"));
        await PollUntilAsync(() => rules.Current.Rules.Count == 0);
        Assert.Empty(rules.Problems);
    }

    [Fact]
    public async Task A_directory_that_is_gone_or_bare_ends_nothing()
    {
        Write("a.cs", Usings + Rule("A"));
        using var rules = Open();
        File.Delete(Path.Combine(_path, "a.cs"));
        await PollUntilAsync(() => rules.Problems.Count > 0);
        Assert.Equal(["A"], Names(rules));
        Assert.Contains("it has no file at all", Assert.Single(rules.Problems).Message, StringComparison.Ordinal);

        Directory.Delete(_path);
        rules.Reload();
        Assert.Equal(["A"], Names(rules));
        Assert.Single(rules.Problems);

        Directory.CreateDirectory(_path);
        Write("a.cs", Usings + Rule("A"));
        await PollUntilAsync(() => rules.Problems.Count == 0);
        Assert.Equal(["A"], Names(rules));
    }

    [Fact]
    public void A_rule_that_failed_is_named_for_health_until_its_files_change()
    {
        Write("a.cs", Usings + Rule("A", "a => 1 / a.Instances > 0"));
        using var rules = Open();
        Assert.Null(rules.Problem);
        Assert.True(rules.Current.Run([Web(0)]).IsHeld);
        Assert.Equal($"the rule 'A' ({Path.Combine(_path, "a.cs")}:4:21) failed: Attempted to divide by zero.: "
            + "what it concerns is held", rules.Problem);

        Write("a.cs", Usings + Rule("A"));
        rules.Reload();
        Assert.Null(rules.Problem);
        Assert.False(rules.Current.Run([Web(0)]).IsHeld);
    }

    [Fact]
    public void What_is_replaced_is_unloaded()
    {
        Write("a.cs", Usings + Rule("A"));
        using var rules = Open();
        var old = Use(rules);
        for (var i = 0; i < 3; i++)
        {
            Write("a.cs", Usings + Rule("A", $"a => a.Wanted > {i}"));
            rules.Reload();
            Use(rules);
        }

        for (var i = 0; i < 20 && old.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(old.IsAlive);
        Assert.Equal(["A"], Names(rules));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Use(CSharpRules rules)
    {
        Assert.NotEmpty(rules.Current.Run([Web(5)]).Outputs);
        return new WeakReference(rules.Current.Rules[0]);
    }

    private CSharpRules Open() => new(_path, _time, NullLogger<CSharpRules>.Instance);

    private static IEnumerable<string> Names(CSharpRules rules) => rules.Current.Rules.Select(rule => rule.Name);

    private async Task PollUntilAsync(Func<bool> condition) => await Eventually.TrueAsync(() =>
    {
        if (!condition()) _time.Advance(TimeSpan.FromSeconds(5));
        return Task.FromResult(condition());
    });

    private void Write(string name, string text)
    {
        var path = Path.Combine(_path, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
