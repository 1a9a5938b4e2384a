using LifecycleManager.Agent.Containerizers;

namespace LifecycleManager.Agent.Tasks;

/// <summary>An exit in words.</summary>
internal static class ExitText
{
    private static readonly Dictionary<int, string> Signals = new()
    {
        [1] = "SIGHUP",
        [2] = "SIGINT",
        [3] = "SIGQUIT",
        [4] = "SIGILL",
        [6] = "SIGABRT",
        [7] = "SIGBUS",
        [8] = "SIGFPE",
        [9] = "SIGKILL",
        [10] = "SIGUSR1",
        [11] = "SIGSEGV",
        [12] = "SIGUSR2",
        [13] = "SIGPIPE",
        [14] = "SIGALRM",
        [15] = "SIGTERM",
        [24] = "SIGXCPU",
        [25] = "SIGXFSZ",
    };

    /// <summary>Such as <c>exit code 137 (SIGKILL)</c>.</summary>
    public static string Of(ContainerExit exit)
    {
        var how = exit.Code switch
        {
            null => "its exit code is not known",
            > 128 and <= 192 and var code =>
                $"exit code {code} ({Signals.GetValueOrDefault(code - 128, $"signal {code - 128}")})",
            126 => "exit code 126 (the program cannot be executed)",
            127 => "exit code 127 (the program was not found)",
            var code => $"exit code {code}",
        };
        return exit.Message is null ? how : $"{how}; {exit.Message}";
    }
}
