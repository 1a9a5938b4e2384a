using LifecycleManager.Agent.Linux;
using LifecycleManager.Agent.Tests.Fakes;

namespace LifecycleManager.Agent.Tests.Linux;

public sealed class NativeFilesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Names_are_the_kernels_bytes_whatever_they_are()
    {
        byte[][] names =
        [
            "plain\0"u8.ToArray(), "with space\0"u8.ToArray(), [0xff, 0xfe, (byte)'x', 0], "new\nline\0"u8.ToArray(),
        ];
        var directory = NativeFiles.OpenAt(NativeFiles.CurrentDirectory, _directory.Path,
            NativeFiles.Directory | NativeFiles.CloseOnExec, 0);
        Assert.True(directory >= 0);
        try
        {
            foreach (var name in names)
            {
                var file = NativeFiles.OpenAt(directory, name, NativeFiles.Create | NativeFiles.WriteOnly, 0x180);
                Assert.True(file >= 0);
                _ = Native.Close(file);
            }

            Assert.Equal(Sorted(names), Sorted(NativeFiles.Names(directory)));
            foreach (var name in names) Assert.Equal(0, NativeFiles.UnlinkAt(directory, name, 0));
            Assert.Empty(NativeFiles.Names(directory));
        }
        finally
        {
            _ = Native.Close(directory);
        }
    }

    [Fact]
    public void What_is_open_says_what_it_is_and_how_many_names_it_has()
    {
        var path = Path.Combine(_directory.Path, "file");
        File.WriteAllText(path, "x");
        File.CreateSymbolicLink(path + ".link", path);
        Assert.True(NativeFiles.OpenAt(NativeFiles.CurrentDirectory, path + ".link",
            NativeFiles.ReadOnly | NativeFiles.NoFollow, 0) < 0);
        var file = NativeFiles.OpenAt(NativeFiles.CurrentDirectory, path, NativeFiles.ReadOnly | NativeFiles.NoFollow, 0);
        var directory = NativeFiles.OpenAt(NativeFiles.CurrentDirectory, _directory.Path, NativeFiles.Directory, 0);
        try
        {
            Assert.Equal((true, 1u, Native.EffectiveUser()), NativeFiles.Kind(file));
            Assert.False(NativeFiles.Kind(directory).IsRegular);
        }
        finally
        {
            _ = Native.Close(file);
            _ = Native.Close(directory);
        }
    }

    [Fact]
    public void An_account_is_found_by_its_name_and_one_that_is_not_there_is_said()
    {
        Assert.Equal(0u, UserAccount.Find("root").Id);
        Assert.Equal("the user 'nobody-at-all' does not exist on this machine",
            Assert.Throws<IOException>(() => UserAccount.Find("nobody-at-all")).Message);
    }

    private static IEnumerable<string> Sorted(IEnumerable<byte[]> names) => names.Select(Convert.ToHexString).Order();
}
