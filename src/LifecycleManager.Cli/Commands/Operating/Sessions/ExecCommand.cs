using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Logs;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Win32.SafeHandles;

namespace LifecycleManager.Cli.Commands.Operating.Sessions;

/// <summary><c>lcm app exec</c></summary>
internal static class ExecCommand
{
    private const int Block = 16 * 1024;
    private const int SigHangup = 1;
    private const int SigInterrupt = 2;

    public static Command Create(Settings settings)
    {
        var app = AppIds.Argument();
        var words = new Argument<string[]>("command")
        {
            Description = "The command and its arguments, behind --",
            Arity = ArgumentArity.OneOrMore,
        };
        var task = LogsCommand.TaskOption(settings);
        task.Aliases.Add("--instance");
        var tty = Setting.Flag(settings, "--tty",
            "Give it a terminal, also where input and output are none; where both are, it has one anyway");
        tty.Aliases.Add("-t");
        var command = new Command("exec",
            "Runs a command beside an instance of an app: in its container, or in its sandbox with its environment. Standard "
            + "input goes to it, and its exit code is that of lcm. It ends with its connection, and after 15 minutes without a "
            + "byte.")
        {
            app, words, task, tty,
        };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler | Asked.Master, withOutput: false);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            using var master = cluster.At(parse, Asked.Master);
            var id = await AppIds.FindAsync(scheduler, parse.GetValue(app)!, stop);
            var instance = One(id, await SandboxInstances.FindAsync(
                scheduler, master, id, parse.GetValue(task), withEnded: false, stop));
            using var sandboxes = new Sandboxes(cluster, parse, master);
            var (agent, _, container) = await sandboxes.OfAsync(instance, stop);
            using var session = new AgentSession(agent, container, TimeProvider.System);
            var isOwn = ReferenceEquals(parse.InvocationConfiguration.Output, System.Console.Out);
            var isTerminal = parse.GetValue(tty) || (isOwn && RawTerminal.IsThere);
            await session.BeginAsync(parse.GetValue(words)!, isTerminal ? new TtyInfo(RawTerminal.Size) : null,
                Environment.GetEnvironmentVariable("TERM"), stop);
            await using var signal = stop.Register(() => _ = InterruptAsync(session, isTerminal ? SigHangup : SigInterrupt));
            try
            {
                if (isOwn) await PassAsync(session, isTerminal);
                else await CollectAsync(session, parse.InvocationConfiguration);
            }
            catch (SessionLostException e)
            {
                throw new CliException($"the connection to the agent at {agent.Address} was lost: the command ends with it", e,
                    ExitStatus.Unknown);
            }

            return await session.ExitAsync(CancellationToken.None) ?? throw new CliException(
                "how the command has ended is not known: its agent's log says what there is to say", code: ExitStatus.Unknown);
        }, "lcm app exec /shop/web -- sh", "lcm app exec web --instance 867ed450 -- cat /etc/hosts > hosts");
    }

    private static SandboxInstance One(string app, IReadOnlyList<SandboxInstance> instances) => instances switch
    {
        [{ IsEnded: false } one] => one,
        [{ } ended] => throw new CliException(
            $"the instance {ended.TaskId} has ended: 'lcm app logs {app}' shows what it wrote", code: ExitStatus.NotFound),
        _ => throw new CliException(
            $"{app} has {instances.Count} instances: say which with --instance, such as --instance {instances[0].ShortName}",
            code: ExitStatus.NotFound),
    };

    /// <summary>This process' input, output and error are the command's, byte by byte.</summary>
    private static async Task PassAsync(AgentSession session, bool isTerminal)
    {
        using var raw = isTerminal ? RawTerminal.Enter() : null;
        using var resized = isTerminal && !OperatingSystem.IsWindows()
            ? PosixSignalRegistration.Create(PosixSignal.SIGWINCH, signal => { _ = ResizeAsync(session); }) : null;
        await using var output = System.Console.OpenStandardOutput();
        await using var error = System.Console.OpenStandardError();
        var sending = session.SendAllAsync();

        // Nothing else waits for a key without holding a thread; it ends with the process.
        new Thread(() => ReadInput(session)) { IsBackground = true, Name = "standard input" }.Start();
        await session.ReadAsync((stream, bytes) =>
        {
            var to = stream == ProcessStream.Stderr ? error : output;
            to.Write(bytes);
            to.Flush();
            return ValueTask.CompletedTask;
        });
        await sending;
    }

    /// <summary>Without a process' own streams there is no input, and output is text.</summary>
    private static async Task CollectAsync(AgentSession session, InvocationConfiguration to)
    {
        var sending = session.SendAllAsync();
        await session.SendAsync(ProcessIo.Of(ProcessStream.Stdin, []));
        await session.ReadAsync((stream, bytes) =>
        {
            (stream == ProcessStream.Stderr ? to.Error : to.Output).Write(Encoding.UTF8.GetString(bytes));
            return ValueTask.CompletedTask;
        });
        await sending;
    }

    private static void ReadInput(AgentSession session)
    {
        try
        {
            // Not the console's own stream, which reads lines.
            using var input = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
            var block = new byte[Block];
            int read;
            do
            {
                read = input.Read(block);
                session.SendAsync(ProcessIo.Of(ProcessStream.Stdin, block[..read])).GetAwaiter().GetResult();
            }
            while (read > 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException
            or ObjectDisposedException)
        {
            // There is no input: that is its end.
            session.SendAsync(ProcessIo.Of(ProcessStream.Stdin, [])).GetAwaiter().GetResult();
        }
    }

    private static Task ResizeAsync(AgentSession session) => RawTerminal.Size is not { } size ? Task.CompletedTask
        : session.SendAsync(new ProcessIo
        {
            Type = ProcessIoType.Control,
            Control = new ProcessIoControl { Type = ProcessControlType.TtyInfo, TtyInfo = new TtyInfo(size) },
        });

    private static async Task InterruptAsync(AgentSession session, int signal)
    {
        try
        {
            await session.SignalAsync(signal, CancellationToken.None);
        }
        catch (CliException)
        {
            // It has ended, or the connection is lost; whoever reads says so.
        }
    }
}
