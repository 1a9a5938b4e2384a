using System.Text;
using LifecycleManager.Runtime.Following;
using LifecycleManager.Testing;

namespace LifecycleManager.Runtime.Tests.Following;

public sealed class FollowedFilesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-followed-").FullName;

    private string First => Path.Combine(_directory, "first");

    private string Second => Path.Combine(_directory, "second");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Files_that_belong_together_come_into_force_together()
    {
        File.WriteAllText(First, "a1");
        File.WriteAllText(Second, "b1");
        var pair = Pair();
        var changes = new List<string>();
        pair.Changed += () => changes.Add(pair.Current);
        Assert.False(pair.Look());
        Assert.Equal(("a1 b1", null, "5 letters"), (pair.Current, pair.Problem, pair.Description));

        // Half of it is news that is told once, and is not in force.
        File.WriteAllText(First, "a2");
        Assert.True(pair.Look());
        Assert.False(pair.Look());
        Assert.Equal("the pair is not in force, the last good one is: 2 is not 1", pair.Problem);
        Assert.Equal("a1 b1", pair.Current);
        File.WriteAllText(Second, "b2");
        Assert.True(pair.Look());
        Assert.Equal(("a2 b2", null), (pair.Current, pair.Problem));
        Assert.Equal(["a2 b2"], changes);

        // Gone, and back as it was: no change, but that nothing is wrong any more.
        File.Delete(Second);
        Assert.True(pair.Look());
        Assert.Contains($"({Second})", pair.Problem, StringComparison.Ordinal);
        File.WriteAllText(Second, "b2");
        Assert.True(pair.Look());
        Assert.Null(pair.Problem);
        Assert.Single(changes);
    }

    [Fact]
    public void What_is_too_long_no_file_or_not_readable_at_the_start_is_refused()
    {
        Assert.Contains("cannot be read", Assert.Throws<FormatException>(() => Pair()).Message, StringComparison.Ordinal);
        File.WriteAllText(First, "a1");
        File.WriteAllText(Second, "b1");
        Assert.Contains("it is longer than 1 bytes", Assert.Throws<FormatException>(() => Pair(maxFile: 1)).Message,
            StringComparison.Ordinal);
        File.Delete(Second);
        NamedPipe.Make(Second);
        Assert.Contains("no regular file", Assert.Throws<FormatException>(() => Pair()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_is_read_once_where_it_may_be_one_and_never_waited_for_again()
    {
        File.WriteAllText(First, "a1");
        NamedPipe.Make(Second);
        var writing = Task.Run(() => File.WriteAllText(Second, "b1"));
        var pair = Pair(pipes: true);
        await writing;
        Assert.Equal("a1 b1", pair.Current);
        File.WriteAllText(First, "a2");
        Assert.False(pair.Look());
        Assert.Equal("a1 b1", pair.Current);
    }

    private FollowedFiles<string> Pair(int maxFile = 100, bool pipes = false) => new(
        "the pair", [First, Second],
        files => (Encoding.UTF8.GetString(files[0]), Encoding.UTF8.GetString(files[1])) is var (a, b) && a[1] == b[1] ? $"{a} {b}"
            : throw new FormatException($"{a[1]} is not {b[1]}"),
        text => $"{text.Length} letters", maxFile, pipes);
}
