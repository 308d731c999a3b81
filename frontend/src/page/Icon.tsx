/** A symbol of the admin's font. */
export function Icon({ name, className = "" }: { name: string; className?: string }) {
  return (
    <span className={`material-symbols-outlined ${className}`} aria-hidden="true">
      {name}
    </span>
  );
}

export function IconButton(props: {
  icon: string; label: string; onClick: () => void; disabled?: boolean; pressed?: boolean; shortcut?: string;
}) {
  const title = props.shortcut ? `${props.label} (${props.shortcut})` : props.label;
  return (
    <button
      type="button" className="ed-icon-button" title={title} aria-label={props.label} aria-pressed={props.pressed}
      disabled={props.disabled} onClick={props.onClick}
    >
      <Icon name={props.icon} />
    </button>
  );
}
