using System.Net.Sockets;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Decisions.Tests.Policies;

public sealed class PolicyDirectoryTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("policies").FullName;
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_bad_file_keeps_its_last_good_version_and_says_where_it_is_bad()
    {
        Write("a.yml", Policy("a", 3));
        using var directory = Open();
        Assert.Equal(3, Assert.Single(directory.Current.Policies).Instances.Max);

        Write("a.yml", Policy("a", 4).Replace("add", "ad", StringComparison.Ordinal));
        directory.Reload();
        Assert.Equal(3, Assert.Single(directory.Current.Policies).Instances.Max);
        var status = Assert.Single(directory.Files);
        Assert.True(status.Refused);
        Assert.Contains("a.yml:6:11: error: the rule 'r' does nothing", directory.Problems[0]
            .ToString(), StringComparison.Ordinal);

        Write("a.yml", "   \n");
        directory.Reload();
        Assert.Single(directory.Current.Policies);
        Assert.Equal("blank", Assert.Single(directory.Problems).Code);

        Write("a.yml", Policy("a", 5));
        directory.Reload();
        Assert.Equal(5, Assert.Single(directory.Current.Policies).Instances.Max);
        Assert.Empty(directory.Problems);
    }

    [Fact]
    public void A_calendar_that_changes_or_appears_is_read_with_the_file_that_names_it()
    {
        Write("jobs.yml", "schedules:\n  - { name: n, app: /a, cron: '0 0 1 * * ?', instances: 1, days: { except: x.ics } }");
        using var directory = Open();
        Assert.Empty(directory.Current.Jobs);
        Assert.Contains("the calendar file 'x.ics' cannot be read", Assert.Single(directory.Problems).Message,
            StringComparison.Ordinal);

        Write("x.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261201\nEND:VEVENT\nEND:VCALENDAR");
        directory.Reload();
        Assert.Empty(directory.Problems);
        var first = Assert.Single(directory.Current.Jobs);
        Assert.False(first.Days!.Includes(new DateOnly(2026, 12, 1)));
        directory.Reload();
        Assert.Same(first, Assert.Single(directory.Current.Jobs));

        Write("x.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261202\nEND:VEVENT\nEND:VCALENDAR");
        directory.Reload();
        var second = Assert.Single(directory.Current.Jobs);
        Assert.True(second.Days!.Includes(new DateOnly(2026, 12, 1)));
        Assert.NotEqual(first.Digest, second.Digest);

        File.Delete(Path.Combine(_path, "x.ics"));
        directory.Reload();
        Assert.Same(second, Assert.Single(directory.Current.Jobs));
        Assert.True(Assert.Single(directory.Files).Refused);
        Assert.Equal(["n"], directory.Files[0].Policies);
    }

    [Fact]
    public void More_files_than_there_may_be_change_nothing_wherever_they_lie_and_are_told()
    {
        Write("z.yml", Policy("z", 3));
        using var directory = Open();
        for (var i = 0; i < PolicyDirectory.MaxFiles; i++) Write($"{i % 20}/{i}.yml", Policy($"p{i}", 2));
        directory.Reload();
        Assert.Equal("z", Assert.Single(directory.Current.Policies).Name);
        Assert.False(directory.IsComplete);
        Assert.Contains("it has more than 2,000 policy files", Assert.Single(directory.Problems).Message, StringComparison.Ordinal);
        var error = new StringWriter();
        Assert.Equal(1, PolicyCheck.Run([_path], CheckFormat.Text, strict: false, error, error));
        Assert.Contains("more than 2,000 policy files", error.ToString(), StringComparison.Ordinal);

        File.Delete(Path.Combine(_path, "0/0.yml"));
        directory.Reload();
        Assert.Equal(PolicyDirectory.MaxFiles, directory.Current.Policies.Count);
        Assert.Empty(directory.Problems);
    }

    [Fact]
    public async Task The_poll_finds_new_changed_and_removed_files()
    {
        using var directory = Open();
        Assert.Empty(directory.Current.Policies);
        Write("sub/b.yaml", Policy("b", 2));
        Write("b.test.yml", "tests: []");
        Write(".hidden.yml", "broken: [");
        await PollUntilAsync(() => directory.Current.Policies.Count > 0);
        Assert.Equal("b", Assert.Single(directory.Current.Policies).Name);

        Write("c.yml", Policy("c", 2));
        File.Delete(Path.Combine(_path, "sub/b.yaml"));
        await PollUntilAsync(() => directory.Current.Policies is [{ Name: "c" }]);
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("gone")]
    [InlineData("no directory")]
    [InlineData("other files only")]
    public async Task A_directory_that_is_empty_or_gone_ends_nothing_and_is_told(string how)
    {
        Write("a.yml", Policy("a", 3));
        Write("sub/b.yml", Policy("b", 3));
        using var directory = Open();
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(directory.IsComplete);

        Directory.Delete(_path, recursive: true);
        if (how is "empty" or "other files only") Directory.CreateDirectory(_path);
        if (how == "no directory") File.WriteAllText(_path, "");
        if (how == "other files only") Write("README.md", "");
        await PollUntilAsync(() => directory.Problems.Count > 0 || directory.Files.All(file => file.GoneSince is not null));
        _time.Advance(TimeSpan.FromDays(3));
        directory.Reload();

        Assert.Equal(["a", "b"], directory.Current.Policies.Select(policy => policy.Name).Order());
        Assert.False(directory.IsComplete);
        if (how == "no directory") File.Delete(_path);

        // It comes back file by file, as a copy or a checkout does.
        Write("sub/b.yml", Policy("b", 4));
        await PollUntilAsync(() => directory.Current.Policies.Any(policy => policy is { Name: "b", Instances.Max: 4 }));
        directory.Reload();
        Assert.Equal(2, directory.Current.Policies.Count);
        Assert.False(directory.IsComplete);
        Write("a.yml", Policy("a", 4));
        await PollUntilAsync(() => directory.Files.All(file => file.GoneSince is null));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(2, directory.Current.Policies.Count);
        Assert.True(directory.IsComplete);
    }

    [Fact]
    public async Task What_does_not_come_back_with_the_others_within_half_a_minute_ends()
    {
        Write("a.yml", Policy("a", 3));
        Write("b.yml", Policy("b", 3));
        using var directory = Open();
        File.Delete(Path.Combine(_path, "a.yml"));
        File.Delete(Path.Combine(_path, "b.yml"));
        await PollUntilAsync(() => directory.Files.All(file => file.GoneSince is not null));
        Write("b.yml", Policy("b", 3));
        await PollUntilAsync(() => directory.Files.Any(file => file.GoneSince is null));
        Assert.Equal(2, directory.Current.Policies.Count);
        await PollUntilAsync(() => directory.Current.Policies is [{ Name: "b" }]);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("policy: [", false)]
    [InlineData("", false)]
    [InlineData("good", true)]
    public void What_cannot_be_seen_has_not_ended(string? text, bool complete)
    {
        Write("sub/x.txt", "");
        if (text is not null) Write("a.yml", text == "good" ? Policy("a", 3) : text);
        using var directory = Open();
        Assert.False(directory.IsComplete);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(complete, directory.IsComplete);
    }

    [Fact]
    public async Task A_policy_whose_file_is_gone_is_ended_by_name_and_the_same_file_puts_it_in_force_again()
    {
        Write("a.yml", Policy("a", 3) + "\n---\n" + Policy("b", 3));
        using var directory = Open();
        Assert.Contains("a.yml is there", directory.End("a"), StringComparison.Ordinal);
        Assert.Equal("no policy 'c' is in force", directory.End("c"));

        File.Delete(Path.Combine(_path, "a.yml"));
        await PollUntilAsync(() => directory.Files.All(file => file.GoneSince is not null));
        Assert.Null(directory.End("a"));
        Assert.Equal("b", Assert.Single(directory.Current.Policies).Name);
        Poll();
        Assert.Single(directory.Current.Policies);
        Assert.Null(directory.End("b"));
        Assert.Empty(directory.Current.Policies);
        Assert.Empty(directory.Files);

        Write("a.yml", Policy("a", 3) + "\n---\n" + Policy("b", 3));
        await PollUntilAsync(() => directory.Current.Policies.Count == 2);
    }

    [Fact]
    public async Task A_file_that_is_gone_for_a_moment_keeps_its_policies()
    {
        Write("a.yml", Policy("a", 3));
        using var directory = Open();
        var counts = new List<int>();
        directory.Changed += () => counts.Add(directory.Current.Policies.Count);
        File.Move(Path.Combine(_path, "a.yml"), Path.Combine(_path, "a.yml~"));
        Poll();
        Write("a.yml", Policy("a", 6));
        await PollUntilAsync(() => directory.Current.Policies.Any(policy => policy.Instances.Max == 6));
        Assert.DoesNotContain(0, counts);
    }

    [Fact]
    public void A_name_belongs_to_the_first_file_and_the_second_is_refused()
    {
        Write("a.yml", Policy("same", 3));
        Write("b.yml", Policy("same", 4));
        using var directory = Open();
        Assert.Equal(3, Assert.Single(directory.Current.Policies).Instances.Max);
        Assert.Contains("a policy 'same' is in force already", Assert.Single(directory.Problems).Message,
            StringComparison.Ordinal);
        File.Delete(Path.Combine(_path, "a.yml"));
        directory.Reload();
        Assert.Equal(4, Assert.Single(directory.Current.Policies).Instances.Max);
    }

    [Fact]
    public async Task A_directory_that_is_not_there_yet_is_taken_up_once_it_is()
    {
        Directory.Delete(_path);
        using var directory = Open();
        Assert.Equal("unreadable", Assert.Single(directory.Problems).Code);
        Write("a.yml", Policy("a", 3));
        await PollUntilAsync(() => directory.Current.Policies.Count == 1);
        Assert.Empty(directory.Problems);
    }

    [Fact]
    public async Task The_watcher_tells_without_waiting_for_the_poll()
    {
        using var directory = new PolicyDirectory(_path, TimeProvider.System, NullLogger<PolicyDirectory>.Instance,
            TimeSpan.FromHours(1));
        Write("a.tmp", Policy("a", 3));
        File.Move(Path.Combine(_path, "a.tmp"), Path.Combine(_path, "a.yml"));
        await Eventually.TrueAsync(() => directory.Current.Policies.Count == 1);
    }

    [Theory]
    [InlineData("pipe", "no regular file")]
    [InlineData("socket", "no regular file")]
    [InlineData("link to a device without an end", "no regular file")]
    [InlineData("link to a pipe", "no regular file")]
    [InlineData("link to nothing", "which is not there")]
    [InlineData("link to itself", "cannot be read")]
    [InlineData("link to a directory", null)]
    [InlineData("directory", null)]
    public async Task What_is_no_file_is_refused_and_never_opened(string kind, string? reason)
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("needs the special files of Linux");
        Write("a.yml", Policy("a", 3));
        Write("x.yml", Policy("x", 3));
        using var directory = Open();
        File.Delete(Path.Combine(_path, "x.yml"));
        using var made = Make(kind, Path.Combine(_path, "x.yml"));

        // On a thread of its own: what hangs would hang here for ever.
        await Task.Run(directory.Reload, TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Write("a.yml", Policy("a", 4));
        await PollUntilAsync(() => directory.Current.Policies.Any(policy => policy is { Name: "a", Instances.Max: 4 }));
        if (reason is null) return;
        Assert.Equal(["a", "x"], directory.Current.Policies.Select(policy => policy.Name).Order());
        Assert.Contains(reason, Assert.Single(directory.Problems).Message, StringComparison.Ordinal);
        Assert.True(directory.Files.Single(file => file.File.EndsWith("x.yml", StringComparison.Ordinal)).Refused);
    }

    [Fact]
    public async Task A_follower_that_throws_ends_neither_the_process_nor_the_reloading()
    {
        using var directory = Open();
        directory.Changed += () => throw new InvalidCastException("a defect");
        Write("a.yml", Policy("a", 3));
        await PollUntilAsync(() => directory.Current.Policies.Any(policy => policy.Instances.Max == 3));
        Write("a.yml", Policy("a", 4));
        await PollUntilAsync(() => directory.Current.Policies.Any(policy => policy.Instances.Max == 4));
    }

    [Fact]
    public void A_look_that_hangs_shows_in_the_health()
    {
        Write("a.yml", Policy("a", 3));
        var health = new RoleHealth(_time);
        var report = health.Loop("the policy files");
        using var directory = new PolicyDirectory(_path, _time, NullLogger<PolicyDirectory>.Instance, TimeSpan.FromHours(1),
            report);
        directory.Changed += () => _time.Advance(TimeSpan.FromSeconds(31));
        var reasons = new List<string>();
        directory.Changed += () => reasons.AddRange(health.Verdict().Reasons);
        directory.Reload();
        Assert.Contains("the policy files has stood still for 31 s", reasons);
        Assert.Empty(health.Verdict().Reasons);
    }

    public void Dispose()
    {
        if (Directory.Exists(_path)) Directory.Delete(_path, recursive: true);
    }

    private Socket? Make(string kind, string path)
    {
        switch (kind)
        {
            case "pipe":
                NamedPipe.Make(path);
                break;
            case "socket":
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                socket.Bind(new UnixDomainSocketEndPoint(path));
                return socket;
            case "link to a device without an end":
                File.CreateSymbolicLink(path, "/dev/zero");
                break;
            case "link to a pipe":
                NamedPipe.Make(path + ".pipe");
                File.CreateSymbolicLink(path, path + ".pipe");
                break;
            case "link to nothing":
                File.CreateSymbolicLink(path, path + ".gone");
                break;
            case "link to itself":
                File.CreateSymbolicLink(path, path);
                break;
            case "link to a directory":
                File.CreateSymbolicLink(path, _path);
                break;
            default:
                Directory.CreateDirectory(path);
                break;
        }

        return null;
    }

    private PolicyDirectory Open() => new(_path, _time, NullLogger<PolicyDirectory>.Instance);

    private void Poll() => _time.Advance(TimeSpan.FromSeconds(5));

    // The watcher's thread may be at a look of its own, which the poll leaves to it.
    private Task PollUntilAsync(Func<bool> probe) => Eventually.TrueAsync(() =>
    {
        Poll();
        return probe();
    });

    private void Write(string name, string text)
    {
        var path = Path.Combine(_path, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private static string Policy(string name, int max) => $$"""
        policy: {{name}}
        app: /{{name}}
        instances: { min: 1, max: {{max}} }
        rules:
          - { rule: r, when: instances < 1, then: { add: 1 } }
        """.Replace("  - { rule: r, when: instances < 1, then: { add: 1 } }", "  - rule: r\n    then: { add: 1 }\n    when: instances < 1", StringComparison.Ordinal);
}
