using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Commands.Operating.Contexts;

/// <summary><c>lcm context</c></summary>
internal static class ContextCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "context";

    public static Command Create(Settings settings) =>
        new(Name, "Names clusters, with their addresses and who asks them, and says which one commands mean.")
        {
            List(settings), Set(settings), Use(settings), Remove(settings),
        };

    private static Command List(Settings settings)
    {
        var format = Setting.Of(
            settings, "--output", "table, json, yaml, or name for the names alone", Values.Among<OutputFormat>(),
            () => OutputFormat.Table, "table");
        format.Aliases.Add("-o");
        var command = new Command("list", "Lists the clusters that have a name; secrets are not shown.") { format };
        return command.Does((parse, _) =>
        {
            var file = ContextFile.Read(ContextFile.PathOf(settings));
            var shown = new JsonObject
            {
                ["current"] = file.Current,
                ["contexts"] = new JsonObject([.. file.Contexts.Select(context => KeyValuePair.Create(context.Key,
                    JsonSerializer.SerializeToNode(context.Value with { Secret = context.Value.Secret is null ? null : "***" },
                        ContextJson.Default.ClusterContext)))]),
            };
            new Printer(parse.GetValue(format), Terminal.Of(parse)).List(shown, file.Contexts.Keys, () =>
            {
                var table = new Table("NAME", "IN USE", "SCHEDULER", "MASTER", "MANAGER", "PRINCIPAL");
                foreach (var (name, context) in file.Contexts)
                    table.Add(name, name == file.Current ? "yes" : "", context.Scheduler, context.Master, context.Manager,
                        context.Principal);
                return table;
            });
            return Task.CompletedTask;
        }, "lcm context list", "lcm context list --output name");
    }

    private static Command Set(Settings settings)
    {
        var name = Argument();

        // Plain options: what the variables say for other commands is not to be kept in a file.
        var roles = ((string[])["scheduler", "master", "manager"]).ToDictionary(role => role, role => Plain(
            $"--{role}", $"Where its {role}s are, comma separated", Values.PlainUrls));
        var principal = Plain("--principal", "Who asks", Values.Text);
        var secretFile = Plain("--secret-file", "A file with the principal's secret", Values.ReadableFile);
        var authorities = Plain(
            "--tls-ca", "A file with the certificates (PEM) that those of its roles must come from",
            file => CallerSettings.ReadAuthorities(file).Name);
        var certificate = Plain("--tls-certificate", "A file with the certificate (PEM) to show its roles", Values.ReadableFile);
        var key = Plain("--tls-key", "A file with its key", Values.ReadableFile);
        var keep = new Option<bool>(
            "--keep-secret")
        { Description = "Keep the secret of --secret-file here, and not where it is" };
        var command = new Command("set", "Names a cluster, or changes what is said; the first one is used from then on.")
        {
            name, roles["scheduler"], roles["master"], roles["manager"], principal, secretFile, keep, authorities,
            certificate, key,
        };
        return command.Does((parse, _) =>
        {
            var path = ContextFile.PathOf(settings);
            var file = ContextFile.Read(path);
            var called = parse.GetValue(name)!;
            var was = file.Contexts.GetValueOrDefault(called) ?? new ClusterContext();
            var secret = parse.GetValue(secretFile);
            file.Contexts[called] = was with
            {
                Scheduler = parse.GetValue(roles["scheduler"]) ?? was.Scheduler,
                Master = parse.GetValue(roles["master"]) ?? was.Master,
                Manager = parse.GetValue(roles["manager"]) ?? was.Manager,
                TlsCa = parse.GetValue(authorities) is { } pem ? Path.GetFullPath(pem) : was.TlsCa,
                TlsCertificate = parse.GetValue(certificate) is { } shown ? Path.GetFullPath(shown) : was.TlsCertificate,
                TlsKey = parse.GetValue(key) is { } own ? Path.GetFullPath(own)
                    : parse.GetValue(certificate) is null ? was.TlsKey : null,
                Principal = parse.GetValue(principal) ?? was.Principal,
                SecretFile = secret is null ? was.SecretFile : parse.GetValue(keep) ? null : Path.GetFullPath(secret),
                Secret = secret is null ? was.Secret : parse.GetValue(keep) ? Secrets.Read(secret) : null,
            };
            ContextFile.Write(path, file with { Current = file.Current ?? called });
            Terminal.Of(parse).Line($"'{called}' is kept in {path}{(file.Current is null or "" ? ", and used" : "")}");
            return Task.CompletedTask;
        }, "lcm context set prod --scheduler https://s1:8080,https://s2:8080 --master https://m1:5050",
            "lcm context set prod --principal ops --secret-file /run/secrets/ops");
    }

    private static Command Use(Settings settings)
    {
        var name = Argument();
        var command = new Command("use", "Has commands mean a cluster from now on; 'none' the one of this machine.") { name };
        return command.Does((parse, _) =>
        {
            var path = ContextFile.PathOf(settings);
            var file = ContextFile.Read(path);
            var called = parse.GetValue(name)!;
            if (called != "none") Find(file, called);
            ContextFile.Write(path, file with { Current = called == "none" ? null : called });
            Terminal.Of(parse).Line(called == "none" ? "commands mean the cluster of this machine" : $"commands mean '{called}'");
            return Task.CompletedTask;
        }, "lcm context use prod", "lcm context use none");
    }

    private static Command Remove(Settings settings)
    {
        var name = Argument();
        var command = new Command("remove", "Forgets a cluster's name.") { name };
        return command.Does((parse, _) =>
        {
            var path = ContextFile.PathOf(settings);
            var file = ContextFile.Read(path);
            var called = parse.GetValue(name)!;
            Find(file, called);
            file.Contexts.Remove(called);
            ContextFile.Write(path, file with { Current = file.Current == called ? null : file.Current });
            Terminal.Of(parse).Line($"'{called}' is forgotten");
            return Task.CompletedTask;
        }, "lcm context remove prod", "lcm context list --output name | xargs -n1 lcm context remove");
    }

    /// <summary>A context of a name.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public static ClusterContext Find(ContextList file, string name) => file.Contexts.TryGetValue(name, out var context) ? context
        : throw new CliException(
            $"no context is '{name}'{NearestName.Hint(name, file.Contexts.Keys)}; 'lcm context list' shows all",
            code: ExitStatus.NotFound);

    private static Argument<string> Argument() => new("name") { Description = "The cluster's name" };

    private static Option<string?> Plain(string name, string description, Func<string, object> check) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            var text = result.Tokens[^1].Value;
            try
            {
                check(text);
            }
            catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
            {
                result.AddError($"{name} {text}: {e.Message}");
            }

            return text;
        },
    };
}
