/** The view "Storage": what is being fetched, what is kept, how much of the room it takes, where it may come from. */
import { useEffect } from 'preact/hooks';
import { DownloadAddresses } from '../parts/download_addresses';
import { DownloadQueue } from '../parts/download_queue';
import { KeptModels } from '../parts/kept_models';
import { ModelFolder } from '../parts/model_folder';
import { StorageBar } from '../parts/storage_bar';
import { readStorage } from '../storage_actions';
import { state } from '../store';

export function StorageView() {
  const { storageChanges, model } = state.value;
  useEffect(() => void readStorage(), [storageChanges, model.state]);
  return (
    <div class="page" tabIndex={-1}>
      <DownloadQueue />
      <KeptModels />
      <ModelFolder />
      <StorageBar />
      <DownloadAddresses />
    </div>
  );
}
