using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Tasks;

namespace LifecycleManager.Agent.Tests.Tasks;

public sealed class ExitTextTests
{
    [Theory]
    [InlineData(0, null, "exit code 0")]
    [InlineData(3, null, "exit code 3")]
    [InlineData(126, null, "exit code 126 (the program cannot be executed)")]
    [InlineData(127, null, "exit code 127 (the program was not found)")]
    [InlineData(137, null, "exit code 137 (SIGKILL)")]
    [InlineData(143, "it was asked to", "exit code 143 (SIGTERM); it was asked to")]
    [InlineData(162, null, "exit code 162 (signal 34)")]
    [InlineData(255, null, "exit code 255")]
    [InlineData(null, "the disk is full", "its exit code is not known; the disk is full")]
    public void An_exit_is_told_in_words(int? code, string? message, string text) =>
        Assert.Equal(text, ExitText.Of(new ContainerExit(code, Message: message)));
}
