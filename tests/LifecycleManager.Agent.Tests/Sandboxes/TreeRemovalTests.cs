using System.Diagnostics;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Agent.Sandboxes;
using LifecycleManager.Agent.Tests.Fakes;

namespace LifecycleManager.Agent.Tests.Sandboxes;

public sealed class TreeRemovalTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Sandbox => Path.Combine(_directory.Path, "sandbox");

    public TreeRemovalTests() => Directory.CreateDirectory(Sandbox);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Links_go_and_what_they_lead_to_stays()
    {
        var outside = Directory.CreateDirectory(Path.Combine(_directory.Path, "outside")).FullName;
        File.WriteAllText(Path.Combine(outside, "file"), "x");
        Directory.CreateDirectory(Path.Combine(Sandbox, "a/b"));
        File.CreateSymbolicLink(Path.Combine(Sandbox, "a/b/link"), outside);
        File.CreateSymbolicLink(Path.Combine(Sandbox, "file"), Path.Combine(outside, "file"));

        TreeRemoval.Remove(Sandbox);

        Assert.False(Directory.Exists(Sandbox));
        Assert.True(File.Exists(Path.Combine(outside, "file")));
    }

    [Fact]
    public void Deep_trees_and_names_that_are_no_text_go_too()
    {
        // Deeper than a path may be long, and a name that no encoding has.
        const string Script = """
            printf x >"$(printf 'bad\377name')"; mkdir "$(printf 'bad\376dir')"; : >"$(printf 'bad\376dir/x')"
            """;
        using (var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script]) { WorkingDirectory = Sandbox })!)
        {
            shell.WaitForExit();
            Assert.Equal(0, shell.ExitCode);
        }

        var at = NativeFiles.OpenAt(NativeFiles.CurrentDirectory, Sandbox, NativeFiles.Directory, 0);
        for (var depth = 0; depth < 1500; depth++)
        {
            Assert.Equal(0, NativeFiles.MakeDirectoryAt(at, "directory", 0x1ed));
            var below = NativeFiles.OpenAt(at, "directory", NativeFiles.Directory, 0);
            _ = Native.Close(at);
            at = below;
        }

        _ = Native.Close(at);

        TreeRemoval.Remove(Sandbox);

        Assert.False(Directory.Exists(Sandbox));
    }

    [Fact]
    public async Task A_directory_that_becomes_a_link_meanwhile_leads_nowhere()
    {
        var outside = Directory.CreateDirectory(Path.Combine(_directory.Path, "outside")).FullName;
        for (var i = 0; i < 50; i++) File.WriteAllText(Path.Combine(outside, $"{i}"), "x");
        using var end = new CancellationTokenSource();
        var (inside, aside) = (Path.Combine(Sandbox, "d"), Path.Combine(_directory.Path, "aside"));
        File.CreateSymbolicLink(aside, outside);
        var swaps = Task.Run(() =>
        {
            while (!end.IsCancellationRequested)
            {
                try
                {
                    Directory.CreateDirectory(Sandbox);
                    Directory.CreateDirectory(inside);
                    for (var i = 0; i < 50; i++) File.WriteAllText(Path.Combine(inside, $"{i}"), "");
                    Directory.Move(inside, inside + "2");
                    File.CreateSymbolicLink(inside, outside);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // The other side was faster.
                }
            }
        }, CancellationToken.None);
        for (var round = 0; round < 300; round++)
        {
            try
            {
                TreeRemoval.Remove(Sandbox);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not empty yet.
            }
        }

        await end.CancelAsync();
        await swaps;
        Assert.Equal(50, Directory.GetFiles(outside).Length);
    }
}
