using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy import</c></summary>
internal static class ImportCommand
{
    public static Command Create(Settings settings)
    {
        var files = new Argument<string[]>("file")
        {
            Description = "The files; their content tells their kind",
            Arity = ArgumentArity.OneOrMore
        };
        var output = Setting.Of<string?>(settings, "--output",
            "The policy file, which must not be there yet [default: standard output]",
            Values.Text, () => null);
        var command = new Command(
            "import",
            "Translates to policies: Kubernetes' HorizontalPodAutoscaler, KEDA's ScaledObject, a Nomad job's scaling blocks, "
            + "marathon-autoscale's environment. What has no counterpart is told with its place; exit code 1 where something was "
            + "lost, 2 where a file cannot be read.")
        {
            files, output,
        };
        command.SetAction(parse =>
        {
            using var text = new StringWriter();
            var code = PolicyImport.Run(parse.GetValue(files)!, text, parse.InvocationConfiguration.Error);
            if (code == ExitCodes.Failed || text.GetStringBuilder().Length == 0) return code;
            if (parse.GetValue(output) is not { } file)
            {
                parse.InvocationConfiguration.Output.Write(text);
                return code;
            }

            try
            {
                DiskFiles.Instance.Write(file, text.ToString(), isNew: true);
                parse.InvocationConfiguration.Output.WriteLine($"written: {file}");
                return code;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                parse.InvocationConfiguration.Error.WriteLine($"{file}: cannot be written: {e.Message}");
                return ExitCodes.Failed;
            }
        });
        return command;
    }
}
