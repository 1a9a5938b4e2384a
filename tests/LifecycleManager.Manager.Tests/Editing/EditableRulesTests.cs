using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Editing;
using LifecycleManager.Manager.Tests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Manager.Tests.Editing;

public sealed class EditableRulesTests : IDisposable
{
    private readonly string _rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
    private readonly PolicyDirectory _policies;
    private readonly EditableRules _files;

    public EditableRulesTests()
    {
        File.WriteAllText(Path.Combine(_rules, "search.yml"), TermUnderTest.Search);
        _policies = new PolicyDirectory(_rules, TimeProvider.System, NullLogger<PolicyDirectory>.Instance);
        _files = new EditableRules(_rules, _policies);
    }

    public void Dispose()
    {
        _files.Dispose();
        _policies.Dispose();
        Directory.Delete(_rules, recursive: true);
    }

    [Theory]
    [InlineData("search.yml", true)]
    [InlineData("shop/web-1_a.yaml", true)]
    [InlineData("search.test.yml", true)]
    [InlineData("", false)]
    [InlineData("/search.yml", false)]
    [InlineData("a//b.yml", false)]
    [InlineData("../search.yml", false)]
    [InlineData("a/../../search.yml", false)]
    [InlineData(".git/config.yml", false)]
    [InlineData(@"a\b.yml", false)]
    [InlineData("a b.yml", false)]
    [InlineData("ä.yml", false)]
    [InlineData("search.yml.bak", false)]
    public void A_name_is_one_of_a_policy_file_below_the_directory_or_none(string name, bool isOne) =>
        Assert.Equal(isOne, EditableRules.WrongName(name) is null);

    [Fact]
    public async Task Of_many_who_write_at_once_one_is_taken_and_the_others_are_told()
    {
        var read = _files.Read("search.yml")!;

        var changes = await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => _files.WriteAsync(
            "search.yml", $"{read.Text}\n# {writer}\n", read.Tag, TestContext.Current.CancellationToken)));

        var written = Assert.Single(changes, change => change.Written is not null).Written!;
        Assert.All(changes.Where(change => change.Written is null), change => Assert.Equal(written.Text, change.Found?.Text));
        Assert.Equal(written.Text, await File.ReadAllTextAsync(
            Path.Combine(_rules, "search.yml"), TestContext.Current.CancellationToken));
        Assert.Single(Directory.GetFiles(_rules));
    }

    [Fact]
    public async Task A_file_keeps_who_may_read_it()
    {
        if (OperatingSystem.IsWindows()) return;
        var path = Path.Combine(_rules, "search.yml");
        const UnixFileMode Group = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        File.SetUnixFileMode(path, Group);
        var read = _files.Read("search.yml")!;

        await _files.WriteAsync("search.yml", read.Text + "\n# more\n", read.Tag, TestContext.Current.CancellationToken);

        Assert.Equal(Group, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task A_named_pipe_is_empty_and_nobody_waits_for_it()
    {
        if (OperatingSystem.IsWindows()) return;
        var pipe = Path.Combine(_rules, "pipe.yml");
        using (var made = System.Diagnostics.Process.Start("mkfifo", pipe))
            await made.WaitForExitAsync(TestContext.Current.CancellationToken);

        var read = _files.Read("pipe.yml")!;
        Assert.Equal("", read.Text);
        var text = TermUnderTest.Search.Replace("search", "pipe", StringComparison.Ordinal);
        var change = await _files.WriteAsync("pipe.yml", text, read.Tag, TestContext.Current.CancellationToken);

        Assert.Empty(change.Problems);
        Assert.Equal(text, _files.Read("pipe.yml")!.Text);
    }
}
